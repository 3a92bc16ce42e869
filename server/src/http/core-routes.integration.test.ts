import { aPlan } from '@sluice/pipelines/plan/a-plan';
import type { Claim } from '@sluice/pipelines/protocol/worker-api';
import express from 'express';
import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { largestBlobBytes } from '../ingest/save-blob.ts';
import { openTestCore, redisUrl, type TestCore } from '../orchestrator/test-core.ts';
import { apiRoutes } from './api-routes.ts';
import { problemHandler } from './problem.ts';
import { workerRoutes } from './worker-routes.ts';

describe.skipIf(redisUrl === undefined)('routes of workers and people (needs REDIS_URL)', () => {
  let core: TestCore;
  let server: Server;
  let url: string;
  beforeAll(async () => {
    core = await openTestCore();
    const app = express();
    app.use((request, response, next) => {
      request.log = core.context.log;
      response.locals['user'] = 'grace';
      next();
    });
    app.use('/worker', workerRoutes(core.context));
    app.use('/api', apiRoutes(core.context));
    app.use(problemHandler);
    server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    url = `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`;
  });
  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await core.close();
  });

  async function call(method: string, path: string, body?: unknown) {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    });
    return { status: response.status, body: await response.json() };
  }

  async function claimed(): Promise<Claim> {
    const runId = await core.start(aPlan().stage('test').done());
    const { body } = await call('POST', '/worker/claims', {
      runId,
      stage: 'test',
      attempt: 1,
      workerId: 'w',
    });
    return body.claim;
  }

  test('a worker claims, reports and is refused under an old fence', async () => {
    const { attemptId, fence } = await claimed();
    const records = [{ kind: 'log', number: 1, step: 0, firstLine: 0, lines: [[1, 'o', 'hello']] }];
    const path = `/worker/attempts/${attemptId}/records`;
    expect(await call('POST', path, { fence, records })).toMatchObject({
      status: 200,
      body: { acknowledged: 1 },
    });
    expect(await call('POST', path, { fence: fence + 1, records })).toMatchObject({
      status: 409,
      body: { reason: 'stale-fence' },
    });
    expect(await call('GET', `/api/attempts/${attemptId}/log`)).toMatchObject({
      body: { total: 1, complete: false, lines: [{ n: 0, text: 'hello' }] },
    });
  });

  test('a log is read from any line and searched part by part, whatever its chunks are', async () => {
    const { attemptId, fence } = await claimed();
    const path = `/worker/attempts/${attemptId}/records`;
    let firstLine = 0;
    for (const [at, size] of [1, 3, 500, 2, 1].entries()) {
      const lines = Array.from({ length: size }, (_, n) => [1, 'o', `Line ${firstLine + n} of 507`]);
      await call('POST', path, {
        fence,
        records: [{ kind: 'log', number: at + 1, step: 0, firstLine, lines }],
      });
      firstLine += size;
    }
    const log = `/api/attempts/${attemptId}/log`;
    for (const from of [0, 1, 3, 4, 250, 503, 506]) {
      const { body } = await call('GET', `${log}?from=${from}&limit=2`);
      const wanted = [from, from + 1].filter((n) => n < 507).map((n) => ({ n, text: `Line ${n} of 507` }));
      expect(body.lines).toMatchObject(wanted);
    }
    expect((await call('GET', `${log}?from=507`)).body.lines).toEqual([]);
    const search = async (query: string) => (await call('GET', `${log}/search?${query}`)).body;
    expect(await search('text=line+50')).toEqual({
      lines: [50, 500, 501, 502, 503, 504, 505, 506],
      next: null,
    });
    expect(await search('text=line+50&most=2')).toEqual({ lines: [50, 500], next: 501 });
    expect(await search('text=line+50&from=501&most=2')).toEqual({ lines: [501, 502], next: 503 });
    expect((await call('GET', `${log}/search`)).status).toBe(400);
  });

  test('what test tools said is kept, compared with before, and names the flaky tests', async () => {
    const aCase = (name: string, result: string) => ({ suite: 'cart', name, result, ms: 1.5, message: null });
    const report = async (results: Record<string, string>, lines: number): Promise<string> => {
      const { attemptId, fence } = await claimed();
      const cases = Object.entries(results).map(([name, result]) => aCase(name, result));
      const coverage = { lines: { covered: lines, total: 10 }, branches: null, files: [] };
      const reports = { tests: { cases, left: 0 }, coverage };
      const path = `/worker/attempts/${attemptId}/reports`;
      expect((await call('POST', path, { fence: fence + 1, reports })).status).toBe(409);
      expect((await call('POST', path, { fence, reports })).status).toBe(200);
      return attemptId;
    };
    await report({ steady: 'passed', shaky: 'failed', broken: 'failed' }, 7);
    const attemptId = await report(
      { steady: 'passed', shaky: 'passed', broken: 'failed', later: 'skipped' },
      8,
    );
    const { body } = await call('GET', `/api/attempts/${attemptId}/reports`);
    expect(body.tests.cases).toHaveLength(4);
    expect(body.flaky).toMatchObject([{ suite: 'cart', name: 'shaky', failures: 1 }]);
    expect(body.trend).toMatchObject([
      { passed: 1, failed: 2, skipped: 0, lines: { covered: 7, total: 10 } },
      { passed: 2, failed: 1, skipped: 1, testsMs: 6, lines: { covered: 8, total: 10 } },
    ]);
    const run = await call('GET', `/api/runs/${body.trend[1].runId}`);
    expect(run.body.attempts[0].reports).toEqual({
      passed: 2,
      failed: 1,
      skipped: 1,
      lines: { covered: 8, total: 10 },
    });
    const silent = await claimed();
    expect((await call('GET', `/api/attempts/${silent.attemptId}/reports`)).status).toBe(404);
  });

  test('a heartbeat names what is lost and what is to be stopped', async () => {
    const claim = await claimed();
    await call('POST', `/api/runs/${claim.runId}/cancel`, { reason: 'wrong branch' });
    const held = { attemptId: claim.attemptId, fence: claim.fence };
    const unknown = { attemptId: core.context.newId(), fence: 1 };
    const beat = { workerId: 'w', pool: 'default', slots: 2, attempts: [held, unknown] };
    expect(await call('POST', '/worker/heartbeat', beat)).toMatchObject({
      body: {
        cancel: [{ attemptId: claim.attemptId, reason: expect.stringContaining('wrong branch') }],
        lost: [unknown.attemptId],
      },
    });
    expect(await call('GET', '/api/workers')).toMatchObject({ body: { workers: [{ id: 'w', slots: 2 }] } });
  });

  test('a file outlives its attempt, and a browser does not run it', async () => {
    const { attemptId, fence } = await claimed();
    const path = `/attempts/${attemptId}/blobs/report.html`;
    const put = await fetch(`${url}/worker${path}`, {
      method: 'PUT',
      headers: { 'x-sluice-fence': String(fence) },
      body: '<script>alert(1)</script>',
    });
    expect(await put.json()).toMatchObject({ bytes: 25 });
    const got = await fetch(`${url}/api${path}`);
    expect(await got.text()).toBe('<script>alert(1)</script>');
    expect(got.headers.get('content-type')).toBe('application/octet-stream');
    expect(got.headers.get('x-content-type-options')).toBe('nosniff');
  });

  test('a file that is too large is refused and leaves nothing', async () => {
    const { attemptId, fence } = await claimed();
    const put = await fetch(`${url}/worker/attempts/${attemptId}/blobs/big`, {
      method: 'PUT',
      headers: { 'x-sluice-fence': String(fence) },
      body: new Uint8Array(largestBlobBytes + 1),
    });
    expect(put.status).toBe(413);
    expect((await fetch(`${url}/api/attempts/${attemptId}/blobs/big`)).status).toBe(404);
  });

  test.each(['..%2f..%2fetc%2fpasswd', '.hidden', 'a%00b'])('refuses the file name %s', async (name) => {
    const { attemptId, fence } = await claimed();
    const put = await fetch(`${url}/worker/attempts/${attemptId}/blobs/${name}`, {
      method: 'PUT',
      headers: { 'x-sluice-fence': String(fence) },
      body: 'x',
    });
    expect(put.status).toBe(400);
  });

  test('pages of runs follow each other without gap or repeat', async () => {
    for (let n = 0; n < 5; n++) await core.start(aPlan().stage('test').done());
    const numbers: number[] = [];
    for (let next: string | null = ''; next !== null;) {
      const { body } = await call('GET', `/api/runs?limit=2${next === '' ? '' : `&before=${next}`}`);
      numbers.push(...body.runs.map((run: { number: number }) => run.number));
      next = body.next;
    }
    expect(numbers).toEqual([...numbers].sort((a, b) => b - a));
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers.length).toBeGreaterThanOrEqual(5);
  });

  test.each([
    ['GET', '/api/runs/not-a-run', 404, 'no-such-run'],
    ['GET', '/api/runs?limit=100000', 400, 'bad-query'],
    ['POST', '/api/environments/shop/rollback', 404, 'unknown-environment'],
    ['POST', '/api/environments/shop/check', 404, 'unknown-environment'],
    ['GET', '/api/environments/shop/check', 404, 'unknown-environment'],
    ['PUT', '/api/environments/shop', 400, 'bad-body'],
    ['PUT', '/api/environments/shop/freeze', 400, 'bad-body'],
    ['POST', '/worker/claims', 400, 'bad-body'],
  ])('%s %s is answered %i with the reason %s', async (method, path, status, reason) => {
    const answer = await call(method, path, method === 'GET' ? undefined : {});
    expect(answer).toMatchObject({ status, body: { reason, message: expect.any(String) } });
  });

  test('an environment is saved and listed', async () => {
    const target = { kind: 'docker', service: 'shop', listenPort: 8081 };
    expect((await call('PUT', '/api/environments/staging', target)).status).toBe(200);
    expect(await call('GET', '/api/environments')).toMatchObject({
      body: { environments: [{ name: 'staging', current: null, history: [], activeRollout: null }] },
    });
  });

  test('a check is asked for, seen by the next worker, and forgotten with the cluster', async () => {
    const clusterOf = (name: string) => ({ name, target: { kind: 'kubernetes', namespace: 'shop' } });
    const save = (...names: readonly string[]) =>
      call('PUT', '/api/environments/fleet', { kind: 'clusters', clusters: names.map(clusterOf) });
    await save('a', 'b');
    expect((await call('POST', '/api/environments/fleet/check', { cluster: 'b' })).status).toBe(202);
    const places = async () => (await call('GET', '/api/environments/fleet/check')).body.places;
    expect(await places()).toMatchObject([
      { cluster: 'a', look: null },
      { cluster: 'b', look: { isAwaited: true } },
    ]);
    const question = { workerId: 'w', environments: [], services: [] };
    const { look } = (await call('POST', '/worker/drift/next', question)).body;
    expect(look).toMatchObject({ environment: 'fleet', cluster: 'b' });
    const seen = { kind: 'unreadable', message: 'does not answer' };
    await call('POST', '/worker/drift/fleet', { cluster: 'b', fence: look.fence, seen });
    expect((await places())[1]).toMatchObject({ look: { isAwaited: false, problem: 'does not answer' } });
    await save('a');
    await save('a', 'b');
    expect((await places())[1]).toMatchObject({ cluster: 'b', look: null });
  });
});
