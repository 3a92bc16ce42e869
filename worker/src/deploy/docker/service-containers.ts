import type Docker from 'dockerode';
import { colourOf, label, serviceFilter, type ServiceName } from './service-labels.ts';
import type { Colour } from './service-state.ts';

/** One replica of one version of a service. */
export interface ServiceContainer {
  readonly id: string;
  readonly colour: Colour;
  readonly replica: number;
  readonly version: string;
  readonly image: string;
  readonly hostPort: number;
  readonly createdAt: number;
  readonly isRunning: boolean;
}

/** Of both colours, by colour and replica; what lacks our labels is not ours. */
export async function listContainers(
  docker: Docker,
  name: ServiceName,
): Promise<readonly ServiceContainer[]> {
  const found = await docker.listContainers({ all: true, filters: serviceFilter(name) });
  return found
    .flatMap((info) => {
      const colour = colourOf(info.Labels[label.colour]);
      return colour === null ? [] : [readContainer(info, colour)];
    })
    .toSorted((left, right) => left.colour.localeCompare(right.colour) || left.replica - right.replica);
}

function readContainer(info: Docker.ContainerInfo, colour: Colour): ServiceContainer {
  return {
    id: info.Id,
    colour,
    replica: Number(info.Labels[label.replica]),
    version: info.Labels[label.version] ?? '',
    image: info.Labels[label.image] ?? info.Image,
    hostPort: Number(info.Labels[label.hostPort]),
    createdAt: info.Created,
    isRunning: info.State === 'running',
  };
}

export const serverName = (container: ServiceContainer): string => `${container.colour}${container.replica}`;

/** Asks the processes to end, waits for them for `graceSeconds` at most; the containers stay, and do not restart. */
export async function stopContainers(
  docker: Docker,
  containers: readonly ServiceContainer[],
  graceSeconds: number,
): Promise<void> {
  await Promise.all(
    containers.map(({ id }) => unlessGone(docker.getContainer(id).stop({ t: graceSeconds }))),
  );
}

export async function startStopped(docker: Docker, containers: readonly ServiceContainer[]): Promise<void> {
  await Promise.all(
    containers.map(async ({ id }) => {
      await docker.getContainer(id).start().catch(unlessStarted);
    }),
  );
}

/** Asks the processes to end, waits for them for `graceSeconds` at most, and removes the containers. */
export async function removeContainers(
  docker: Docker,
  containers: readonly ServiceContainer[],
  graceSeconds: number,
): Promise<void> {
  await Promise.all(
    containers.map(async ({ id }) => {
      const container = docker.getContainer(id);
      await unlessGone(container.stop({ t: graceSeconds }));
      await unlessGone(container.remove({ force: true, v: true }));
    }),
  );
}

function unlessStarted(error: unknown): void {
  if (statusOf(error) !== 304) throw error;
}

const alreadySo = new Set([304, 404, 409]);

/** 304: already stopped · 404: already removed · 409: being removed. */
async function unlessGone(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!alreadySo.has(statusOf(error) ?? 0)) throw error;
  });
}

/** The HTTP status of an answer of Docker's that is an error; null: not an answer at all. */
export function statusOf(error: unknown): number | null {
  const status: unknown = error instanceof Error && 'statusCode' in error ? error.statusCode : null;
  return typeof status === 'number' ? status : null;
}
