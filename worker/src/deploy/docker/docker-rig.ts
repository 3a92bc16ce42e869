// A Docker target with a service, a data directory and an installation of its own, for integration tests.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DeployWork } from '@sluice/pipelines/language/definition';
import Docker from 'dockerode';
import type { TargetRig } from '../deploy-target.contract.ts';
import { aClaim } from '../test-claim.ts';
import type { TestImages } from '../test-service.ts';
import { dockerTarget, type DockerParts } from './docker-target.ts';
import { removeService } from './running-services.ts';

export interface DockerRig extends TargetRig {
  readonly parts: DockerParts;
  readonly installation: string;
  readonly service: string;
  readonly port: number;
}

/** Null when the Docker target can be tested here, otherwise what is missing. */
export function missingForDocker(): string | null {
  if (process.env['DOCKER_HOST'] === undefined) return 'DOCKER_HOST is not set';
  try {
    execFileSync('haproxy', ['-v'], { stdio: 'ignore' });
    return null;
  } catch {
    return 'haproxy is not on PATH';
  }
}

export async function openDockerRig(images: TestImages, replicas = 2, onPort?: number): Promise<DockerRig> {
  const installation = `test-${randomBytes(4).toString('hex')}`;
  const service = `svc-${randomBytes(4).toString('hex')}`;
  const port = onPort ?? (await freePort());
  const parts: DockerParts = {
    docker: new Docker(),
    dataDir: await mkdtemp(join(tmpdir(), 'sluice-data-')),
    haproxy: 'haproxy',
    limits: { memoryBytes: 256 * 2 ** 20, pids: 128 },
    now: () => Date.now(),
  };
  const open = (version: string, image: string, work: Partial<DeployWork> = {}) => {
    const target = { kind: 'docker', service, listenHost: '127.0.0.1', listenPort: port } as const;
    const container = { port: 8080, replicas, env: {}, health: '/healthz' };
    const claim = aClaim({ installation, target, version, image, work: { container, ...work } });
    return dockerTarget(claim, target, parts, { say: () => {}, signal: AbortSignal.timeout(60_000) });
  };
  return {
    parts,
    installation,
    service,
    port,
    replicas,
    rollout: (version, work) => open(version, images.good, work),
    brokenRollout: (version) => open(version, images.broken),
    ask: ({ headers = {}, query = '' } = {}) =>
      fetch(`http://127.0.0.1:${port}/${query}`, { headers: { ...headers } }).then(
        async (answer) => (answer.ok ? answer.text() : null),
        () => null,
      ),
    [Symbol.asyncDispose]: async () => {
      await removeService(parts, { installation, service }, 1);
      await rm(parts.dataDir, { recursive: true, force: true });
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
