import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLoginLink, signIn } from '../auth/sign-in.ts';
import { readSecrets } from '../store/secret-store.ts';
import { openTestApp, type TestApp } from './test-app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
});
afterAll(() => app.close());

const nobody = {};

test.each([
  ['GET', '/api/session'],
  ['GET', '/api/repositories'],
  ['PUT', '/api/repositories'],
  ['GET', '/api/secrets'],
  ['PUT', '/api/secrets/X'],
  ['POST', '/api/tokens'],
  ['POST', '/api/login-links'],
  ['POST', '/api/runs'],
  ['GET', '/api/deliveries'],
  ['GET', '/api/audit'],
  ['GET', '/worker/ping'],
  ['GET', '/metrics'],
])('%s %s is closed to those who do not say who they are', async (method, address) => {
  const answer = await app.call(method, address, method === 'GET' ? undefined : {}, nobody);
  expect(answer).toMatchObject({ status: 401, body: { message: expect.stringMatching(/\w/) } });
});

test('a token that is not ours, and the token of a worker, are nobody at the API', async () => {
  for (const token of ['sluice_wrong', app.workerToken]) {
    const answer = await app.call('GET', '/api/session', undefined, { authorization: `Bearer ${token}` });
    expect(answer.status).toBe(401);
  }
  const worker = { authorization: `Bearer ${app.workerToken}` };
  expect(await app.call('GET', '/worker/ping', undefined, worker)).toMatchObject({ status: 200 });
  expect(await app.call('GET', '/worker/ping')).toMatchObject({ status: 401 });
});

describe('a one-time link', () => {
  test('signs in once and not again', async () => {
    const token = await linkToken();
    const first = await app.call('POST', '/api/session', { token }, nobody);
    expect(first).toMatchObject({ status: 201, body: { user: 'admin', role: 'admin' } });
    const cookie = first.headers.get('set-cookie') ?? '';
    for (const part of ['HttpOnly', 'SameSite=Strict', 'Path=/']) expect(cookie).toContain(part);
    expect(await app.call('POST', '/api/session', { token }, nobody)).toMatchObject({
      status: 401,
      body: { reason: 'token-refused', message: expect.stringContaining('works once') },
    });
  });

  test('used by two at the same time lets one in', async () => {
    const token = await linkToken();
    const answers = await Promise.all([1, 2, 3].map(() => signIn(app.context, token)));
    expect(answers.filter((answer) => answer !== null)).toHaveLength(1);
  });

  test('is good for 24 hours', async () => {
    const token = await linkToken();
    const later = { ...app.context, now: () => Date.now() + 24 * 3_600_000 + 1_000 };
    expect(await signIn(later, token)).toBeNull();
  });

  test('is printed with the address that was asked', async () => {
    const { body } = await app.call('POST', '/api/login-links');
    expect(body).toEqual({ link: expect.stringContaining(`${app.url}/login?token=sluice_`) });
  });
});

describe('a session', () => {
  let cookie: string;
  beforeAll(async () => {
    const answer = await app.call('POST', '/api/session', { token: await linkToken() }, nobody);
    cookie = (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  });

  test('reads with its cookie alone', async () => {
    expect(await app.call('GET', '/api/session', undefined, { cookie })).toMatchObject({ status: 200 });
  });

  test('changes things only from our own page', async () => {
    const from = (headers: Record<string, string>) =>
      app.call('PUT', '/api/secrets/CSRF', { value: 'x' }, { cookie, ...headers });
    expect(await from({ origin: app.url })).toMatchObject({ status: 204 });
    for (const headers of [{}, { origin: 'https://evil.example' }, { origin: 'null' }]) {
      expect(await from(headers)).toMatchObject({ status: 403, body: { reason: 'foreign-origin' } });
    }
  });

  test('ends when its owner signs out', async () => {
    const own = { cookie, origin: app.url };
    expect(await app.call('DELETE', '/api/session', undefined, own)).toMatchObject({ status: 204 });
    expect(await app.call('GET', '/api/session', undefined, { cookie })).toMatchObject({ status: 401 });
  });
});

test('another page cannot sign a person in as somebody else', async () => {
  const headers = { origin: 'https://evil.example' };
  expect(await app.call('POST', '/api/session', { token: app.token }, headers)).toMatchObject({
    status: 403,
  });
});

test('secrets go in, are sealed, and never come out', async () => {
  const value = 'correct horse battery staple';
  expect(await app.call('PUT', '/api/secrets/DB_PASSWORD', { value })).toMatchObject({ status: 204 });
  const listed = await app.call('GET', '/api/secrets');
  expect(listed.body).toMatchObject({
    secrets: expect.arrayContaining([expect.objectContaining({ name: 'DB_PASSWORD' })]),
  });
  const { db } = app.context;
  const stored = await db.selectFrom('secrets').selectAll().execute();
  const audited = await db.selectFrom('audit').selectAll().execute();
  expect(JSON.stringify([stored, audited, listed.body])).not.toContain(value);
  expect(await readSecrets(app.context, 'default', ['DB_PASSWORD', 'MISSING'])).toEqual({
    DB_PASSWORD: value,
  });
  expect(await app.call('DELETE', '/api/secrets/DB_PASSWORD')).toMatchObject({ status: 204 });
  expect(await app.call('DELETE', '/api/secrets/DB_PASSWORD')).toMatchObject({ status: 404 });
});

test('an API token works until it is revoked, and every change says who made it', async () => {
  const made = await app.call('POST', '/api/tokens', { name: 'ci' });
  expect(made).toMatchObject({ status: 201, body: { token: expect.stringMatching(/^sluice_/) } });
  const { id, token } = made.body as { id: string; token: string };
  const asNew = { authorization: `Bearer ${token}` };
  expect(await app.call('GET', '/api/session', undefined, asNew)).toMatchObject({ status: 200 });
  expect(await app.call('DELETE', `/api/tokens/${id}`)).toMatchObject({ status: 204 });
  expect(await app.call('GET', '/api/session', undefined, asNew)).toMatchObject({ status: 401 });
  const { body } = await app.call('GET', '/api/audit');
  expect(body).toMatchObject({
    entries: expect.arrayContaining([
      expect.objectContaining({ who: 'admin', action: 'token-created', subject: 'ci', from: '127.0.0.1' }),
      expect.objectContaining({ who: 'admin', action: 'token-deleted', subject: id }),
    ]),
  });
});

test('wrong input is answered with the place that is wrong', async () => {
  expect(await app.call('PUT', '/api/repositories', { fullName: 'acme' })).toMatchObject({
    status: 400,
    body: { reason: 'bad-body', message: expect.stringContaining('cloneUrl') },
  });
  expect(await app.call('PUT', '/api/secrets/..%2F..%2Fx', { value: 'x' })).toMatchObject({ status: 400 });
  const text = await fetch(`${app.url}/api/tokens`, {
    method: 'POST',
    headers: { authorization: `Bearer ${app.token}`, 'content-type': 'application/json' },
    body: '{',
  });
  expect(text.status).toBe(400);
  expect(await text.json()).toMatchObject({ reason: 'bad-body', message: 'The body is not JSON.' });
});

test('what does not exist is a problem in JSON, with a request id', async () => {
  const answer = await app.call('GET', '/api/nowhere');
  expect(answer).toMatchObject({ status: 404, body: { reason: 'not-found' } });
  expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  expect(answer.headers.get('content-security-policy')).toContain("script-src 'self'");
});

test('the server says whether it is ready, and its figures cost a token', async () => {
  expect(await app.call('GET', '/healthz', undefined, nobody)).toMatchObject({ status: 200 });
  expect(await app.call('GET', '/readyz', undefined, nobody)).toMatchObject({ status: 200 });
  const figures = await app.call('GET', '/metrics', undefined, {
    authorization: `Bearer ${app.workerToken}`,
  });
  expect(figures.body).toContain('sluice_http_request_seconds_count');
  expect(await app.call('GET', '/api/openapi.json', undefined, nobody)).toMatchObject({
    body: { openapi: '3.1.0' },
  });
});

test('after ten refused sign-ins from one address the next must wait', async () => {
  const tries = [];
  for (let index = 0; index < 12; index++) {
    tries.push((await app.call('POST', '/api/session', { token: `guess-${index}` }, nobody)).status);
  }
  expect(tries.slice(-1)).toEqual([429]);
});

async function linkToken(): Promise<string> {
  const link = await createLoginLink(app.context);
  return new URL(link, app.url).searchParams.get('token') ?? '';
}
