import type Docker from 'dockerode';
import { listContainers, type ServiceContainer } from './service-containers.ts';
import type { ServiceName } from './service-labels.ts';
import {
  otherColour,
  readServiceState,
  serviceFolder,
  type Colour,
  type ServiceState,
} from './service-state.ts';

/** A service at one moment: what is remembered of it, and which containers there are. */
export interface OpenService {
  readonly folder: string;
  readonly state: ServiceState;
  readonly containers: readonly ServiceContainer[];
}

export interface ServicePlace {
  readonly docker: Docker;
  readonly dataDir: string;
}

export type NewService = Omit<ServiceState, 'stable' | 'canaryPercent' | 'chosen' | 'health'> & {
  readonly health: string;
};

/** Reads a service; one without a state file is `fresh`, with the stable side as far as the containers tell it. */
export async function openService(place: ServicePlace, fresh: NewService): Promise<OpenService> {
  const folder = serviceFolder(place.dataDir, fresh.service);
  const [saved, containers] = await Promise.all([
    readServiceState(folder),
    listContainers(place.docker, fresh satisfies ServiceName),
  ]);
  const { health, ...rest } = fresh;
  const state = saved ?? {
    ...rest,
    stable: olderColour(containers),
    canaryPercent: 0,
    health: { a: health, b: health },
  };
  return {
    folder,
    state: { ...state, listenHost: fresh.listenHost, listenPort: fresh.listenPort },
    containers,
  };
}

/** Without a memory, the side that has been there for longer is the one that served users. */
function olderColour(containers: readonly ServiceContainer[]): Colour | null {
  return containers.toSorted((left, right) => left.createdAt - right.createdAt)[0]?.colour ?? null;
}

export function stableContainers({ state, containers }: OpenService): readonly ServiceContainer[] {
  return containers.filter(({ colour }) => colour === state.stable);
}

/** Containers of the side that is not the stable one, whatever their version. */
export function otherContainers({ state, containers }: OpenService): readonly ServiceContainer[] {
  return containers.filter(({ colour }) => colour !== state.stable);
}

/** The colour that a new version gets. */
export function canaryColour(state: ServiceState): Colour {
  return state.stable === null ? 'a' : otherColour(state.stable);
}
