import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { release } from '../deploy/deploy-target.contract.ts';
import { missingForDocker, openDockerRig } from '../deploy/docker/docker-rig.ts';
import { listServices } from '../deploy/docker/running-services.ts';
import { buildTestImages, type TestImages } from '../deploy/test-service.ts';
import { lookAtService } from './look-at-service.ts';

const missing = missingForDocker();

describe.skipIf(missing !== null)(`drift of a service on a Docker host (${missing ?? 'can run'})`, () => {
  let images: TestImages;
  beforeAll(async () => {
    images = await buildTestImages(new Docker());
  }, 120_000);
  afterAll(async () => {
    await images[Symbol.asyncDispose]();
  });

  test('a container that somebody has removed is missed, and so are all of them', async () => {
    await using rig = await openDockerRig(images, 2);
    await release(rig, 'v1');
    const look = async () => {
      const [known] = await listServices(rig.parts.dataDir);
      if (known === undefined) throw new Error('the service is not known');
      return lookAtService(rig.parts, known);
    };
    const found = { kind: 'found', version: 'v1', image: images.good, weightPercent: 100 };
    expect(await look()).toMatchObject({ ...found, replicas: 2 });
    const filters = { label: [`sluice.service=${rig.service}`] };
    const [first, second] = await rig.parts.docker.listContainers({ filters });
    await rig.parts.docker.getContainer(first?.Id ?? '').remove({ force: true });
    expect(await look()).toMatchObject({ ...found, replicas: 1 });
    await rig.parts.docker.getContainer(second?.Id ?? '').remove({ force: true });
    expect(await look()).toEqual({ kind: 'gone' });
  }, 120_000);
});
