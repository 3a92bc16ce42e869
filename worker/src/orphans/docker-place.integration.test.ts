import { randomUUID } from 'node:crypto';
import type Docker from 'dockerode';
import { afterAll, describe, expect, test } from 'vitest';
import { connectDocker } from '../executors/docker/docker-connection.ts';
import { engineStatus } from '../executors/docker/engine-error.ts';
import { dockerPlace } from './docker-place.ts';

const host = process.env['DOCKER_HOST'];
const image = process.env['TEST_IMAGE'] ?? 'lab/busybox:1';

describe.skipIf(host === undefined)('a Docker engine as a place of orphans (needs DOCKER_HOST)', () => {
  const docker = connectDocker(host ?? '');
  const place = dockerPlace(docker);
  const installation = `orphans-${randomUUID()}`;
  const labels = (of: string) => ({
    sluice: of,
    'sluice.run': randomUUID(),
    'sluice.stage': 'test',
    'sluice.attempt': '2',
    'sluice.fence': '7',
  });
  const list = async (of = installation) => (await place.list(of)).found;
  const others: Docker.Container[] = [];
  afterAll(() => Promise.all(others.map((other) => other.remove({ force: true }))));

  test('lists what attempts of one installation have made, by its own clock, and removes it in order', async () => {
    const mine = labels(installation);
    const network = await docker.createNetwork({ Name: `sluice-${randomUUID()}`, Labels: mine });
    const HostConfig = { NetworkMode: network.id };
    const container = await docker.createContainer({
      Image: image,
      Cmd: ['sleep', '600'],
      Labels: mine,
      HostConfig,
    });
    await container.start();
    await docker.createVolume({ Name: `sluice-${randomUUID()}`, Labels: mine });
    others.push(await docker.createContainer({ Image: image, Labels: labels(`other-${installation}`) }));
    others.push(
      await docker.createContainer({ Image: image, Labels: { sluice: installation, mine: 'true' } }),
    );
    others.push(
      await docker.createContainer({ Image: image, Labels: { ...mine, 'sluice.service': 'shop' } }),
    );

    const ofPod = { ...mine, 'io.kubernetes.pod.uid': randomUUID() };
    others.push(await docker.createContainer({ Image: image, Labels: ofPod }));

    const found = await list();
    expect(found.map(({ kind, isDeployed }) => `${kind} ${isDeployed}`).toSorted()).toEqual([
      'container false',
      'container true',
      'network false',
      'volume false',
    ]);
    const named = { runId: mine['sluice.run'], stage: 'test', attempt: 2 };
    for (const thing of found) {
      expect(thing.attempt).toEqual(named);
      expect(thing.ageMs).toBeGreaterThan(-2_000);
      expect(thing.ageMs).toBeLessThan(120_000);
    }
    const orphans = found.filter(({ isDeployed }) => !isDeployed);
    for (const thing of orphans) expect(await thing.remove()).toBe('removed');
    for (const thing of orphans) expect(await thing.remove()).toBe('gone');
    expect(await list()).toHaveLength(1);
    await Promise.all(others.map((other) => other.inspect()));
  });

  test('a network in which something of others still is stays until that has left', async () => {
    const mine = labels(installation);
    const network = await docker.createNetwork({ Name: `sluice-${randomUUID()}`, Labels: mine });
    const HostConfig = { NetworkMode: network.id };
    const guest = await docker.createContainer({ Image: image, Cmd: ['sleep', '600'], HostConfig });
    await guest.start();
    const thing = (await list()).find(({ kind }) => kind === 'network');
    expect(await thing?.remove()).toBe('stays');
    await guest.remove({ force: true });
    expect(await thing?.remove()).toBe('removed');
  });

  test('two who remove the same thing at once do each other no harm', async () => {
    const created = await docker.createContainer({ Image: image, Labels: labels(installation) });
    const [one, other] = [await list(), await list()].map((found) =>
      found.find(({ isDeployed }) => !isDeployed),
    );
    const removals = await Promise.all([one?.remove(), other?.remove()]);
    expect(removals).toContain('removed');
    await expect(created.inspect()).rejects.toSatisfy((error) => engineStatus(error) === 404);
  });
});
