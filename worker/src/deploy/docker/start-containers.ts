import { randomInt } from 'node:crypto';
import type Docker from 'dockerode';
import { DeployProblem, messageOf } from '../deploy-problem.ts';
import { listContainers, statusOf } from './service-containers.ts';
import { label, type ServiceName } from './service-labels.ts';
import type { Colour } from './service-state.ts';

export interface WantedContainers {
  readonly name: ServiceName;
  readonly environment: string;
  readonly colour: Colour;
  readonly version: string;
  readonly image: string;
  readonly replicas: number;
  /** Port that the application listens on inside the container. */
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
  readonly limits: ContainerLimits;
}

export interface ContainerLimits {
  readonly memoryBytes: number;
  readonly pids: number;
}

/** Creates and starts what is missing; returns how many containers that were. */
export async function startContainers(docker: Docker, wanted: WantedContainers): Promise<number> {
  const present = (await listContainers(docker, wanted.name)).filter(
    ({ colour }) => colour === wanted.colour,
  );
  const running = new Set(present.filter((one) => one.isRunning).map(({ replica }) => replica));
  const created = new Map(present.map((one) => [one.replica, one.id]));
  const missing = replicas(wanted).filter((replica) => !running.has(replica));
  await Promise.all(
    missing.map(async (replica) => {
      const id = created.get(replica);
      if (id === undefined || !(await startAgain(docker, id))) await startNew(docker, wanted, replica);
    }),
  );
  return missing.length;
}

function replicas(wanted: WantedContainers): readonly number[] {
  return Array.from({ length: wanted.replicas }, (_, index) => index + 1);
}

/** False when its port was taken meanwhile: it is removed, and a new one is needed. */
async function startAgain(docker: Docker, id: string): Promise<boolean> {
  const container = docker.getContainer(id);
  try {
    await container.start();
    return true;
  } catch (error) {
    if (statusOf(error) === 304) return true;
    await container.remove({ force: true, v: true });
    if (isPortTaken(error)) return false;
    throw startProblem(error);
  }
}

/**
 * On the host's loopback address, below what systems lend to outgoing connections (Linux from 32768) and the node ports
 * of Kubernetes (from 30000): the engine must find the port free whenever it starts the container again.
 */
const hostPorts = { lowest: 20_000, beyond: 30_000 };
/** Somebody else may have the port that was chosen. */
const portTries = 20;

async function startNew(docker: Docker, wanted: WantedContainers, replica: number): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const container = await docker
      .createContainer(containerOptions(wanted, replica, randomInt(hostPorts.lowest, hostPorts.beyond)))
      .catch((error: unknown) => {
        throw startProblem(error);
      });
    try {
      await container.start();
      return;
    } catch (error) {
      await container.remove({ force: true, v: true });
      if (!isPortTaken(error) || tries === portTries) throw startProblem(error);
    }
  }
}

function containerOptions(
  wanted: WantedContainers,
  replica: number,
  hostPort: number,
): Docker.ContainerCreateOptions {
  const { name, colour, port, limits } = wanted;
  const env = { ...wanted.env, PORT: String(port), SLUICE_VERSION: wanted.version };
  return {
    name: `${name.service}-${colour}${replica}-${name.installation}`,
    Image: wanted.image,
    Labels: {
      [label.installation]: name.installation,
      [label.kind]: 'service',
      [label.environment]: wanted.environment,
      [label.service]: name.service,
      [label.colour]: colour,
      [label.version]: wanted.version,
      [label.image]: wanted.image,
      [label.replica]: String(replica),
      [label.hostPort]: String(hostPort),
    },
    Env: Object.entries(env).map(([key, value]) => `${key}=${value}`),
    ExposedPorts: { [`${port}/tcp`]: {} },
    HostConfig: {
      PortBindings: { [`${port}/tcp`]: [{ HostIp: '127.0.0.1', HostPort: String(hostPort) }] },
      RestartPolicy: { Name: 'unless-stopped' },
      Memory: limits.memoryBytes,
      PidsLimit: limits.pids,
      SecurityOpt: ['no-new-privileges'],
      LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
    },
  };
}

function isPortTaken(error: unknown): boolean {
  return /port is already allocated|address already in use/i.test(messageOf(error));
}

function startProblem(error: unknown): Error {
  const status = statusOf(error);
  if (status === null) return error instanceof Error ? error : new Error(messageOf(error));
  return new DeployProblem(
    'container-refused',
    `Docker does not start a container of the new version: ${messageOf(error)}. Check the image's command and the engine's free resources.`,
    { retryable: status >= 500 || status === 409, cause: error },
  );
}
