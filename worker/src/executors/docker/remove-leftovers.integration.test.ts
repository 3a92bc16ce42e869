import { expect, test } from 'vitest';
import { connectDocker } from './docker-connection.ts';
import { removeLeftovers } from './remove-leftovers.ts';

const host = process.env['DOCKER_HOST'];
const image = process.env['TEST_IMAGE'] ?? 'lab/busybox:1';

test.skipIf(host === undefined)(
  'a service whose image gave it the labels of the attempt that built it stays (needs DOCKER_HOST)',
  async () => {
    const docker = connectDocker(host ?? '');
    const worker = { 'sluice.worker': `leftovers-${process.pid}` };
    const labels = { ...worker, 'sluice.attempt': '1' };
    const step = await docker.createContainer({ Image: image, Labels: labels });
    const service = await docker.createContainer({
      Image: image,
      Labels: { ...labels, 'sluice.service': 'shop' },
    });
    try {
      expect(await removeLeftovers(docker, worker)).toBe(1);
      await expect(step.inspect()).rejects.toMatchObject({ statusCode: 404 });
      expect((await service.inspect()).Id).toBe(service.id);
    } finally {
      await service.remove({ force: true });
    }
  },
);
