import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import type { Hook } from '@sluice/pipelines/language/definition';
import { callHook } from './call-hook.ts';
import { aClaim } from './test-claim.ts';

const target = { kind: 'docker', service: 'shop', listenHost: '127.0.0.1', listenPort: 1 } as const;

function ask(hook: Partial<Hook>, hookHosts: readonly string[]) {
  const whole: Hook = {
    name: 'smoke',
    type: 'pre-rollout',
    url: 'http://127.0.0.1:1/',
    timeoutMs: 30_000,
    retries: 0,
    metadata: { suite: 'smoke' },
    ...hook,
  };
  const claim = aClaim({ installation: 'i', target, version: 'v2', image: 'x', work: { hooks: [whole] } });
  return callHook(claim, 'smoke', { hookHosts }, AbortSignal.timeout(60_000));
}

async function aService(
  answer: (request: IncomingMessage, response: ServerResponse, body: string) => void,
): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => answer(request, response, String(Buffer.concat(chunks))));
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  return {
    url: `http://localhost:${port}/ok`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test('a hook is told which version goes where, and agrees with 2xx', async () => {
  let asked: unknown = null;
  await using service = await aService((request, response, body) => {
    asked = { method: request.method, body: JSON.parse(body) };
    response.writeHead(202).end('go\n on');
  });
  const result = await ask({ url: service.url }, ['localhost']);
  expect(result).toEqual({ result: 'answered', agrees: true, message: 'answered 202: go on' });
  expect(asked).toMatchObject({
    method: 'POST',
    body: {
      name: 'smoke',
      type: 'pre-rollout',
      environment: 'test',
      version: 'v2',
      metadata: { suite: 'smoke' },
    },
  });
});

test('a redirect is not followed, and no more of an answer is read than a line holds', async () => {
  await using service = await aService((_request, response) => {
    response.writeHead(302, { location: 'http://127.0.0.1:1/' });
    response.end('x'.repeat(1_000_000));
  });
  const result = await ask({ url: service.url }, ['*']);
  expect(result).toMatchObject({ agrees: false, message: `answered 302: ${'x'.repeat(300)}` });
});

test('an address inside the network is called only where the operator has named it', async () => {
  await using service = await aService((_request, response) => void response.end());
  const refused = {
    result: 'answered',
    agrees: false,
    message: expect.stringContaining('SLUICE_HOOK_HOSTS'),
  };
  expect(await ask({ url: service.url }, [])).toMatchObject(refused);
  expect(await ask({ url: 'http://169.254.169.254/latest' }, ['localhost'])).toMatchObject(refused);
  expect(await ask({ url: service.url }, [new URL(service.url).host])).toMatchObject({ agrees: true });
});

test('no answer within its time, and nobody there, are refusals with their reason', async () => {
  await using service = await aService(() => {});
  const slow = await ask({ url: service.url, timeoutMs: 100 }, ['*']);
  expect(slow).toMatchObject({ agrees: false, message: 'no answer within 0.1 s' });
  const nobody = await ask({ url: 'http://127.0.0.1:1/' }, ['*']);
  expect(nobody).toMatchObject({ agrees: false, message: expect.stringContaining('ECONNREFUSED') });
});
