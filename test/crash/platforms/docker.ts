// Stages in containers of an engine of their own, and a service on it behind HAProxy.
import { join } from 'node:path';
import { freePort } from '@sluice/server/embedded/free-port';
import { shellImage, startOwnDocker } from '../engines/docker.ts';
import { openLink } from '../link.ts';
import type { Platform } from './platform.ts';

/** `run`: a folder with a short path, for sockets. */
export async function dockerPlatform(folder: string, run: string): Promise<Platform> {
  const engine = await startOwnDocker(folder, run);
  const { docker } = engine;
  const path = join(run, 'docker.sock');
  const link = await openLink('worker-docker', { path }, { path: engine.socket });
  const listenPort = await freePort();
  return {
    kind: 'docker',
    part: engine.part,
    link,
    image: shellImage,
    host: engine.gateway,
    workerEnv: { DOCKER_HOST: `unix://${path}` },
    secrets: {},
    holdAnswers: null,
    leftovers: async (runId) => {
      const filters = { label: ['sluice.attempt'] };
      const containers = await docker.listContainers({ all: true, filters });
      const networks = await docker.listNetworks({ filters });
      const { Volumes: volumes } = await docker.listVolumes({ filters: JSON.stringify(filters) });
      return [
        // A deployed service is meant to stay.
        ...containers
          .filter(({ Labels }) => Labels['sluice.service'] === undefined)
          .map(
            ({ Names, State, Labels }) =>
              `container ${Names.join()} (${State}) of ${Labels['sluice.run'] === runId ? 'this run' : 'another run'}`,
          ),
        ...networks.map(({ Name }) => `network ${Name}`),
        ...(volumes ?? []).map(({ Name }) => `volume ${Name}`),
      ];
    },
    service: {
      environment: { kind: 'docker', service: 'crash', listenHost: '127.0.0.1', listenPort },
      deployKeys: 'container: { port: 8080, replicas: 1, health: / }',
      files: {},
      address: async () => `http://127.0.0.1:${listenPort}/`,
      problems: async () => {
        const filters = { label: ['sluice.service=crash'] };
        const containers = await docker.listContainers({ all: true, filters });
        return containers.length === 1 ? [] : [`the service has ${containers.length} containers, not 1`];
      },
    },
    [Symbol.asyncDispose]: async () => {
      await link[Symbol.asyncDispose]();
      await engine.dispose();
    },
  };
}
