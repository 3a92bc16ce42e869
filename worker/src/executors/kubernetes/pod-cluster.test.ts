import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import { connectPodCluster, type PodCluster } from './pod-cluster.ts';

const ours = { metadata: { name: 'sluice-test', annotations: { kept: 'yes' } } };

test('a pod whose making was answered to nobody is ours when it is made again', async () => {
  let stored: object | null = null;
  let tries = 0;
  await using api = await anApiServer(async (request, response) => {
    if (request.method === 'GET') return void response.end(JSON.stringify(stored));
    tries += 1;
    if (stored !== null) return void response.writeHead(409).end('{"message":"already exists"}');
    const { metadata } = JSON.parse(await textOf(request)) as typeof ours;
    stored = { metadata: { ...metadata, uid: 'u1', resourceVersion: '1' }, status: {} };
    response.destroy();
  });
  const pod = await api.cluster.createPod(ours);
  expect(tries).toBe(2);
  expect(pod?.metadata).toMatchObject({ uid: 'u1', annotations: { kept: 'yes' } });
});

test('a pod of the same name that another worker made is not ours', async () => {
  const theirs = { metadata: { ...ours.metadata, uid: 'u2', resourceVersion: '1' }, status: {} };
  await using api = await anApiServer((request, response) => {
    if (request.method === 'GET') response.end(JSON.stringify(theirs));
    else response.writeHead(409).end('{"message":"already exists"}');
  });
  expect(await api.cluster.createPod(ours)).toBeNull();
});

async function anApiServer(
  answer: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>,
): Promise<AsyncDisposable & { readonly cluster: PodCluster }> {
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    { name: 'test', server: `http://127.0.0.1:${port}`, skipTLSVerify: true },
    { name: 'nobody' },
  );
  return {
    cluster: connectPodCluster({ config, namespace: 'test', patienceMs: 60_000, onAbsence: () => undefined }),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
