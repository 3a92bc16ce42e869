import { describe } from 'vitest';
import { executorContract } from '../executor.contract.ts';
import { connectDocker } from './docker-connection.ts';
import { createDockerExecutor } from './docker-executor.ts';

const host = process.env['DOCKER_HOST'];
const image = process.env['TEST_IMAGE'] ?? 'lab/busybox:1';

describe.skipIf(host === undefined)('on a Docker engine (needs DOCKER_HOST)', () => {
  for (const isLocal of [true, false]) {
    executorContract(
      isLocal ? 'the Docker executor' : 'the Docker executor with an engine elsewhere',
      () => {
        const docker = connectDocker(host ?? '');
        return {
          executor: createDockerExecutor(docker, { isLocal }),
          image,
          workspaceInStep: '/workspace',
          countLeft: async (labels) => {
            const label = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
            const containers = await docker.listContainers({ all: true, filters: { label } });
            const networks = await docker.listNetworks({ filters: { label } });
            const { Volumes: volumes } = await docker.listVolumes({ filters: JSON.stringify({ label }) });
            return containers.length + networks.length + (volumes ?? []).length;
          },
        };
      },
      {},
    );
  }
});
