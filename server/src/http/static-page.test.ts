import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import express from 'express';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { allowedHosts } from '../auth/same-origin.ts';
import { notFound, problemHandler } from './problem.ts';
import { requireKnownHost, securityHeaders } from './security-headers.ts';
import { staticPage } from './static-page.ts';

const root = mkdtempSync(path.join(tmpdir(), 'sluice-page-'));
let server: Server;

beforeAll(async () => {
  mkdirSync(path.join(root, 'dist', 'assets'), { recursive: true });
  writeFileSync(path.join(root, 'secret.txt'), 'outside');
  writeFileSync(path.join(root, 'dist', 'index.html'), '<title>Sluice</title>');
  writeFileSync(path.join(root, 'dist', '.hidden'), 'kept to itself');
  writeFileSync(path.join(root, 'dist', 'assets', 'index-3f2a.js'), 'export {}');
  const origins = { hosts: allowedHosts('127.0.0.1', null), publicUrl: null };
  const app = express().use(securityHeaders(origins), requireKnownHost(origins));
  server = createServer(app.use(staticPage(path.join(root, 'dist')), notFound, problemHandler));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  server.close();
  rmSync(root, { recursive: true, force: true });
});

test.each(['/', '/runs/42', '/login?token=x'])(
  '%s is the page, asked for anew each time',
  async (address) => {
    const answer = await get(address);
    expect(answer).toMatchObject({ status: 200, text: '<title>Sluice</title>' });
    expect(answer.headers['cache-control']).toBe('no-cache');
    expect(answer.headers['content-security-policy']).toMatch(/default-src 'self';script-src 'self';/);
  },
);

test('a file with its hash in the name is kept for good', async () => {
  const answer = await get('/assets/index-3f2a.js');
  expect(answer.headers['cache-control']).toBe('public, max-age=31536000, immutable');
});

test.each(['/assets/index-old.js', '/api/nowhere', '/worker', '/live', '/missing.png'])(
  '%s is not answered with the page to those who want something else',
  async (address) => expect(await get(address, { accept: '*/*' })).toMatchObject({ status: 404 }),
);

test.each([
  '/../secret.txt',
  '/..%2fsecret.txt',
  '/assets/../../secret.txt',
  '/assets/%2e%2e/%2e%2e/secret.txt',
  '/.hidden',
])('%s gives out no file', async (address) =>
  expect((await get(address)).text).not.toMatch(/outside|kept to itself/),
);

test('a name that is not ours gets no page', async () => {
  expect(await get('/', { host: 'rebound.example' })).toMatchObject({
    status: 421,
    text: expect.stringContaining('SLUICE_PUBLIC_URL'),
  });
});

interface Answer {
  readonly status: number | undefined;
  readonly text: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** Not fetch: it would mend the paths and refuse the host. */
function get(address: string, headers: Record<string, string> = { accept: 'text/html' }): Promise<Answer> {
  const at = server.address();
  const port = at !== null && typeof at === 'object' ? at.port : 0;
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path: address, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => (text += part));
      answer.on('end', () => resolve({ status: answer.statusCode, text, headers: answer.headers }));
    });
    sent.on('error', reject).end();
  });
}
