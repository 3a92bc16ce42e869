import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { requireImage } from './require-image.ts';

let registry: Server;
let host = '';
const asked: string[] = [];
const digest = `sha256:${'a'.repeat(64)}`;

beforeAll(async () => {
  registry = createServer((request, response) => {
    asked.push(request.url ?? '');
    const status =
      request.url?.includes('/gone/') === true ? 404 : request.url?.includes('/busy/') === true ? 503 : 200;
    response.writeHead(status, { 'content-type': 'application/vnd.oci.image.manifest.v1+json' }).end('{}');
  });
  await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
  const address = registry.address();
  host = `127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`;
});
afterAll(() => registry.close());

const require = (image: string) => requireImage(image, [], AbortSignal.timeout(20_000));

test('an image that is gone from its registry is refused in words, before anything is changed', async () => {
  await expect(require(`${host}/gone/shop@${digest}`)).rejects.toMatchObject({
    reason: 'image-not-found',
    retryable: false,
    message: expect.stringContaining('is not in its registry any more'),
  });
  expect(asked).toContain(`/v2/gone/shop/manifests/${digest}`);
});

test('one that is there, and one of which nobody can tell, are let on', async () => {
  for (const image of [
    `${host}/team/shop@${digest}`,
    `${host}/team/shop:v1@${digest}`,
    `${host}/busy/shop@${digest}`,
    `127.0.0.1:1/team/shop@${digest}`,
    `${host}/gone/shop:v1`,
    'busybox:1',
  ]) {
    await expect(require(image)).resolves.toBeUndefined();
  }
});
