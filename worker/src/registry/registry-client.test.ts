import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { parseImageRepository } from './image-reference.ts';
import type { RegistryCredentials } from './registry-authorisation.ts';
import { createRegistryClient } from './registry-client.ts';

const closers: (() => void)[] = [];
afterEach(() => closers.splice(0).forEach((close) => close()));

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  const address = server.address();
  return `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}

function ask(
  registry: string,
  credentials: RegistryCredentials | null = null,
  signal = new AbortController().signal,
) {
  const repository = parseImageRepository(`${registry}/shop`);
  if (!repository.ok) throw new Error(repository.error);
  return createRegistryClient(registry, credentials).readManifest(repository.value, 'v1', signal);
}

const body = '{"schemaVersion":2}';
const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`;
const someone = { username: 'someone', password: 'secret' };

describe('reading a manifest', () => {
  test('the digest is of the bytes, whatever the registry claims', async () => {
    const registry = await serve((request, response) => {
      expect(request.url).toBe('/v2/shop/manifests/v1');
      response.setHeader('docker-content-digest', `sha256:${'0'.repeat(64)}`).end(body);
    });
    expect(await ask(registry)).toMatchObject({ ok: true, value: { digest } });
  });

  test('basic credentials are sent only after the registry has asked', async () => {
    const seen: (string | undefined)[] = [];
    const registry = await serve(({ headers }, response) => {
      seen.push(headers.authorization);
      if (headers.authorization === undefined)
        response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' });
      response.end(body);
    });
    expect(await ask(registry, someone)).toMatchObject({ ok: true });
    expect(seen).toEqual([undefined, `Basic ${Buffer.from('someone:secret').toString('base64')}`]);
  });

  test('a token is fetched where the registry sends us, with its service and scope', async () => {
    const asked: (string | undefined)[] = [];
    const registry = await serve((request, response) => {
      const { authorization, host } = request.headers;
      asked.push(request.url);
      const isTokenServer = request.url?.startsWith('/token') === true;
      const scope = 'service="r",scope="repository:shop:pull"';
      if (isTokenServer)
        response.end(JSON.stringify(authorization?.startsWith('Basic ') ? { token: 'abc' } : {}));
      else if (authorization === 'Bearer abc') response.end(body);
      else
        response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${host}/token",${scope}` }).end();
    });
    expect(await ask(registry, someone)).toMatchObject({ ok: true, value: { digest } });
    expect(asked[1]).toBe('/token?service=r&scope=repository%3Ashop%3Apull');
  });

  test('another host that it redirects to gets no credentials', async () => {
    let seen: string | undefined = 'nothing';
    const other = await serve(({ headers }, response) => {
      seen = headers.authorization;
      response.end(body);
    });
    const registry = await serve(({ headers }, response) => {
      if (headers.authorization === undefined)
        response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end();
      else response.writeHead(307, { location: `http://${other}/elsewhere` }).end();
    });
    expect(await ask(registry, someone)).toMatchObject({ ok: true });
    expect(seen).toBeUndefined();
  });
});

describe('what goes wrong is a value that says what to do', () => {
  test('nobody listens', async () => {
    const registry = await serve(() => {});
    closers.splice(0).forEach((close) => close());
    expect(await ask(registry)).toMatchObject({
      ok: false,
      error: { reason: 'unreachable', message: expect.stringContaining('(ECONNREFUSED)') },
    });
  });

  test.for([
    [401, 'unauthorised'],
    [403, 'unauthorised'],
    [404, 'not-found'],
    [500, 'unexpected'],
  ] as const)('an answer of %i is %s', async ([status, reason]) => {
    const registry = await serve((_request, response) => response.writeHead(status).end());
    expect(await ask(registry)).toMatchObject({ ok: false, error: { reason } });
  });

  test('redirects without end are refused', async () => {
    const registry = await serve((_request, response) =>
      response.writeHead(302, { location: '/again' }).end(),
    );
    expect(await ask(registry)).toMatchObject({ ok: false, error: { reason: 'refused' } });
  });

  test('a token server that is not https is refused', async () => {
    const registry = await serve((_request, response) =>
      response.writeHead(401, { 'www-authenticate': 'Bearer realm="http://169.254.169.254/latest/"' }).end(),
    );
    expect(await ask(registry, someone)).toMatchObject({
      ok: false,
      error: { reason: 'refused', message: expect.stringContaining('not https') },
    });
  });

  test('a manifest of more than 4 MiB is not read to its end', async () => {
    const registry = await serve((_request, response) => {
      response.on('error', () => {});
      response.end(Buffer.alloc(5 * 1024 * 1024));
    });
    expect(await ask(registry)).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining('more than') },
    });
  });

  test('only an abort rejects', async () => {
    const controller = new AbortController();
    const registry = await serve(() => controller.abort(new Error('enough')));
    await expect(ask(registry, null, controller.signal)).rejects.toThrow('enough');
  });
});
