import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deployTargetContract, release, share, until } from '../deploy-target.contract.ts';
import { buildTestImages, type TestImages } from '../test-service.ts';
import { missingForDocker, openDockerRig, type DockerRig } from './docker-rig.ts';
import { renderProxyConfig } from './haproxy-config.ts';
import { pidFile, proxyFiles } from './haproxy-process.ts';
import { proxyPid } from './haproxy-socket.ts';
import { applyLoad } from '../load.ts';
import { haproxyAbilities } from './read-service-facts.ts';
import { ensureProxies } from './running-services.ts';
import { readServiceState, serviceFolder } from './service-state.ts';

const missing = missingForDocker();

describe.skipIf(missing !== null)(`on a Docker engine${missing === null ? '' : ` (${missing})`}`, () => {
  let images: TestImages;
  beforeAll(async () => {
    images = await buildTestImages(new Docker());
  });
  afterAll(async () => {
    await images[Symbol.asyncDispose]();
  });

  deployTargetContract('Docker and HAProxy', () => openDockerRig(images), haproxyAbilities);

  test('no request fails while a version is deployed, shifted, promoted, retired and rolled back', async () => {
    await using rig = await openDockerRig(images, 2);
    await release(rig, 'v1');
    const load = applyLoad('127.0.0.1', rig.port);
    await shiftAndRetire(rig, 'v2');
    await rig.rollout('v3').deploy();
    await until(
      () => rig.rollout('v3').setTraffic(share(50)),
      (facts) => facts.canary?.weightPercent === 50,
    );
    await rig.rollout('v3').rollBack();
    const { requests, failures, versions } = await load.stop();
    expect(failures).toEqual([]);
    expect(requests).toBeGreaterThan(100);
    expect([...versions].toSorted()).toEqual(['v1', 'v2', 'v3']);
  });

  test('users get the share that was asked for', async () => {
    await using rig = await openDockerRig(images, 3);
    await release(rig, 'v1');
    await rig.rollout('v2').deploy();
    await until(
      () => rig.rollout('v2').setTraffic(share(10)),
      (facts) => facts.canary?.weightPercent === 10,
    );
    let canary = 0;
    for (let sent = 0; sent < 1_000; sent += 1) if ((await rig.ask()) === 'v2') canary += 1;
    expect(canary).toBeGreaterThanOrEqual(98);
    expect(canary).toBeLessThanOrEqual(102);
    const { observation } = await rig.rollout('v2').observe();
    const errors = observation.metrics['errors'];
    const total = errors?.kind === 'read' ? Object.values(errors.canary?.total ?? {}) : [];
    expect(total.reduce((sum, count) => sum + count, 0)).toBe(canary);
  });

  test('requests that the steps name are chosen without a new process, others with one, and they are counted', async () => {
    await using rig = await openDockerRig(images, 1);
    await release(rig, 'v1');
    const match = [{ kind: 'cookie', name: 'group', value: 'b' }] as const;
    const steps = [{ kind: 'set-route', match }] as const;
    const open = (): ReturnType<DockerRig['rollout']> => rig.rollout('v2', { steps });
    // A connection that is kept has its next answer from the process that it belongs to.
    const once = { connection: 'close' };
    await open().deploy();
    const { socket } = proxyFiles(serviceFolder(rig.parts.dataDir, rig.service));
    const pid = await proxyPid(socket);
    await until(
      () => open().setTraffic({ ...share(0), match }),
      ({ traffic }) => traffic?.match.length === 1,
    );
    expect(await rig.ask({ headers: { ...once, cookie: 'group=b' } })).toBe('v2');
    expect(await proxyPid(socket)).toBe(pid);
    const value = { ...match[0], value: "b'quoted" };
    await until(
      () => open().setTraffic({ ...share(0), match: [value] }),
      ({ traffic }) => traffic?.match[0]?.value === value.value,
    );
    expect(await proxyPid(socket)).not.toBe(pid);
    expect(await rig.ask({ headers: { ...once, cookie: "group=b'quoted" } })).toBe('v2');
    const { observation } = await open().observe();
    expect(observation.metrics['errors']).toMatchObject({
      canary: { total: { 'chosen/b1': 1 } },
    });
    const second = await proxyPid(socket);
    await open().setTraffic(share(0));
    expect(await rig.ask({ headers: { ...once, cookie: "group=b'quoted" } })).toBe('v1');
    expect(await proxyPid(socket)).toBe(second);
  });

  test('a failing request is counted as bad on the side that answered it', async () => {
    await using rig = await openDockerRig(images, 1);
    await release(rig, 'v1');
    await fetch(`http://127.0.0.1:${rig.port}/fail`);
    await rig.ask();
    const { observation } = await rig.rollout('v2').observe();
    expect(observation.metrics['errors']).toEqual({
      kind: 'read',
      stable: { bad: { a1: 1 }, total: { a1: 2 } },
      canary: null,
    });
    expect(observation.latency.stable?.meanMs).toBeGreaterThan(0);
  });

  test('a proxy that was killed comes back with the same servers and weights', async () => {
    await using rig = await openDockerRig(images, 1);
    await release(rig, 'v1');
    await rig.rollout('v2').deploy();
    await until(
      () => rig.rollout('v2').setTraffic(share(25)),
      (facts) => facts.canary?.weightPercent === 25,
    );
    await killProxy(rig);
    expect(await rig.ask()).toBeNull();
    expect(await ensureProxies(rig.parts)).toEqual([]);
    const { facts } = await rig.rollout('v2').observe();
    expect(facts.canary).toMatchObject({ version: 'v2', weightPercent: 25 });
    expect(facts.stable).toMatchObject({ version: 'v1', weightPercent: 75 });
    expect(['v1', 'v2']).toContain(await rig.ask());
  });

  test.each(['instead of', 'beside'])(
    'a proxy of another configuration that comes up %s the known one, from a worker that was killed, does not stay',
    async (how) => {
      await using rig = await openDockerRig(images, 1);
      await release(rig, 'v1');
      const files = proxyFiles(serviceFolder(rig.parts.dataDir, rig.service));
      const state = await readServiceState(files.folder);
      if (state === null) throw new Error('the service has no state');
      const other = join(files.folder, 'other.cfg');
      await writeFile(
        other,
        renderProxyConfig({ ...state, socket: files.socket, servers: [], chosen: null }),
      );
      const ending = how === 'beside' ? [] : ['-sf', String(await proxyPid(files.socket))];
      execFileSync('haproxy', ['-D', '-f', other, '-p', pidFile(files), '-x', files.socket, ...ending]);

      expect(await ensureProxies(rig.parts)).toEqual([]);
      for (let asked = 0; asked < 50; asked += 1) expect(await rig.ask()).toBe('v1');
    },
  );

  test('a port that another program has is named', async () => {
    await using first = await openDockerRig(images, 1);
    await release(first, 'v1');
    await using second = await openDockerRig(images, 1, first.port);
    await expect(second.rollout('v1').deploy()).rejects.toMatchObject({ reason: 'port-taken' });
  });

  test('an image that no registry has is named', async () => {
    await using rig = await openDockerRig({ ...images, good: '127.0.0.1:1/none:1' }, 1);
    await expect(rig.rollout('v1').deploy()).rejects.toMatchObject({ reason: 'image-pull-failed' });
  });
});

async function shiftAndRetire(rig: DockerRig, version: string): Promise<void> {
  const target = (): ReturnType<DockerRig['rollout']> => rig.rollout(version);
  await target().deploy();
  const match = [{ kind: 'header', name: 'x-canary', value: 'yes' }] as const;
  await until(
    () => target().setTraffic({ ...share(0), match }),
    ({ traffic }) => traffic?.match.length === 1,
  );
  for (const percent of [1, 10, 50, 90]) {
    await until(
      () => target().setTraffic(share(percent)),
      (facts) => facts.canary?.weightPercent === percent,
    );
  }
  await target().promote();
  await target().retireOld();
}

async function killProxy(rig: DockerRig): Promise<void> {
  const { socket } = proxyFiles(serviceFolder(rig.parts.dataDir, rig.service));
  const pid = await proxyPid(socket);
  if (pid === null) throw new Error('the proxy does not run');
  process.kill(pid, 'SIGKILL');
  while ((await proxyPid(socket)) !== null);
}
