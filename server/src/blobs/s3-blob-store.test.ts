// Against s3rver: a server of the S3 protocol, in this process and on the loopback interface. It knows the key's
// name and does not check the signature itself (that of version 4 it cannot), nor has it regions or policies; it does
// not list unfinished uploads either. What a store says when it refuses is therefore played.
import { createServer } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { randomUUID } from 'node:crypto';
import S3rver from 's3rver';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { blobStoreContract } from './blob-store.contract.ts';
import { openS3BlobStore } from './s3-blob-store.ts';
import { createS3Client, type S3Settings } from './s3-client.ts';

let folder: string;
let server: S3rver;
let settings: S3Settings;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'sluice-s3-'));
  server = new S3rver({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory: folder,
    configureBuckets: [{ name: 'sluice', configs: [] }],
  });
  const { port } = await server.run();
  settings = {
    endpoint: new URL(`http://127.0.0.1:${port}`),
    bucket: 'sluice',
    region: 'us-east-1',
    isPathStyle: true,
    prefix: '',
    accessKeyId: 'S3RVER',
    secretAccessKey: 'S3RVER',
    sessionToken: null,
  };
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

blobStoreContract('the bucket', () => {
  const own = { ...settings, prefix: `${randomUUID()}/` };
  const s3 = createS3Client(own);
  const names = async (): Promise<readonly string[]> => {
    const { body } = await s3.text({
      method: 'GET',
      key: '',
      query: { 'list-type': '2', prefix: own.prefix },
    });
    return [...body.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = '']) => key);
  };
  return Promise.resolve({ store: openS3BlobStore(own), names });
});

test.each([
  ['a bucket that is not there', { bucket: 'elsewhere' }, /NoSuchBucket.*SLUICE_S3_BUCKET/],
  ['a key that is not known', { accessKeyId: 'nobody' }, /InvalidAccessKeyId.*SLUICE_S3_ACCESS_KEY_ID/],
])('%s is told with what to mend', async (_, change, message) => {
  const store = openS3BlobStore({ ...settings, ...change });
  const written = await store.write(oneByte(), 10);
  if (!written.ok) throw new Error(written.error.reason);
  await expect(written.value.publish()).rejects.toThrow(message);
});

test('a refused signature is told with what to mend, and without the secret', async () => {
  const refusing = createServer((_request, response) => {
    response.writeHead(403).end('<Error><Code>SignatureDoesNotMatch</Code><Message>No.</Message></Error>');
  });
  await new Promise<void>((resolve) => refusing.listen(0, '127.0.0.1', resolve));
  const address = refusing.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const endpoint = new URL(`http://127.0.0.1:${port}`);
  const store = openS3BlobStore({ ...settings, endpoint, secretAccessKey: 'a-secret' });
  const failure = await store.read('0'.repeat(64)).catch(String);
  refusing.close();
  expect(failure).toMatch(/SignatureDoesNotMatch.*SLUICE_S3_SECRET_ACCESS_KEY/);
  expect(failure).not.toContain('a-secret');
});

test('a server that is away is told with its address', async () => {
  const store = openS3BlobStore({ ...settings, endpoint: new URL('http://127.0.0.1:1') });
  await expect(store.read('0'.repeat(64))).rejects.toThrow(
    /127\.0\.0\.1:1 cannot be reached: check SLUICE_S3/,
  );
}, 20_000);

async function* oneByte(): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(Buffer.from('x'));
}
