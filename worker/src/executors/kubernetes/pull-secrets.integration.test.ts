// Images of a registry that asks who is there: a real one, behind a door that wants a name and a password.
import { execFileSync } from 'node:child_process';
import { createServer, request, type Server } from 'node:http';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { WorkspaceSpec } from '../executor.ts';
import { openPodRig, type PodRig } from './pod-rig.ts';

const registry = process.env['REGISTRY'];
const isHere = process.env['KUBECONFIG'] !== undefined && registry !== undefined;
const source = process.env['TEST_IMAGE'] ?? 'lab/busybox:1';
const never = new AbortController().signal;
const login = { username: 'puller', password: 'pull:secret' };

describe.skipIf(!isHere)('logins of registries (needs KUBECONFIG and REGISTRY)', () => {
  let rig: PodRig;
  let door: Server;
  let root: string;
  let host: string;
  let image: string;

  beforeAll(async () => {
    rig = await openPodRig();
    root = await mkdtemp(join(tmpdir(), 'sluice-pull-'));
    for (const name of ['workspace', 'scratch']) await mkdir(join(root, name));
    door = await openDoor(registry ?? '');
    const address = door.address();
    host = `127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`;
    const behind = `${registry}/${rig.namespace}:1`;
    docker('tag', source, behind);
    docker('push', '--quiet', behind);
    docker('rmi', behind);
    image = `${host}/${rig.namespace}:1`;
  });
  afterAll(async () => {
    await rig[Symbol.asyncDispose]();
    await new Promise((resolve) => door.close(resolve));
    await rm(root, { recursive: true, force: true });
  });

  test('the node pulls with the login that Sluice knows, and the cluster forgets it then', async () => {
    const spec = aSpec(root, image, 'with');
    const opened = await rig
      .executor()
      .openWorkspace({ ...spec, registryCredentials: [{ host, ...login }] }, never);
    if (opened.kind === 'failed') throw new Error(opened.message);
    const { items } = await rig.api.listNamespacedSecret({ namespace: rig.namespace });
    expect(items.filter(({ type }) => type === 'kubernetes.io/dockerconfigjson')).toEqual([]);
    await opened.session.dispose();
    await expect.poll(() => removed(image), { timeout: 60_000 }).toBe(true);
  });

  test('without a login it is an image that cannot be pulled, and a pull secret that is not there is named', async () => {
    const opened = await rig
      .executor({ image_pull_secrets: ['mirror'] })
      .openWorkspace(
        { ...aSpec(root, image, 'without'), registryCredentials: [{ host, ...login, password: 'no' }] },
        never,
      );
    expect(opened).toMatchObject({
      kind: 'failed',
      reason: 'image-pull',
      message: expect.stringMatching(/could not be pulled.*pull secrets mirror.*get secrets/s),
    });
    expect(JSON.stringify(opened)).not.toContain(login.password);
  });
});

const docker = (...words: string[]): string => execFileSync('docker', words, { encoding: 'utf8' });

/** An image can be removed as soon as nothing runs from it. */
function removed(image: string): boolean {
  try {
    docker('rmi', image);
    return true;
  } catch {
    return false;
  }
}

async function openDoor(target: string): Promise<Server> {
  const expected = `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`;
  const server = createServer((from, to) => {
    if (from.headers.authorization !== expected) {
      to.writeHead(401, { 'www-authenticate': 'Basic realm="lab"' }).end(
        '{"errors":[{"code":"UNAUTHORIZED"}]}',
      );
      return;
    }
    const { authorization: _authorization, ...headers } = from.headers;
    const passed = request(`http://${target}${from.url}`, { method: from.method, headers }, (answer) => {
      to.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(to);
    });
    passed.on('error', () => to.destroy());
    from.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function aSpec(root: string, image: string, stage: string): WorkspaceSpec {
  return {
    image,
    workspace: join(root, 'workspace'),
    filled: Promise.resolve(),
    scratch: join(root, 'scratch'),
    labels: { sluice: 'test', 'sluice.stage': stage, 'sluice.attempt': '1', 'sluice.run': root.slice(-6) },
    network: true,
    resources: { cpu: null, memoryBytes: null, pids: null },
    services: [],
    user: null,
    readOnlyRoot: false,
    timeoutMs: 600_000,
    pod: null,
    registryCredentials: [],
    onProgress: () => {},
  };
}
