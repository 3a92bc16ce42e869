// Does to one part of the installation what a cell names, and undoes it.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cell, Component } from './cells.ts';
import type { Installation, LinkName } from './installation.ts';

/** How long a network stays cut. */
const cutMs = 2_000;
const slowly = { latencyMs: 100, bytesPerSecond: 64 * 1024 };

/** The connections by which others reach a part; those of a worker are all that it has. */
const linksOf: Readonly<Record<Component, readonly LinkName[]>> = {
  server: ['worker-server'],
  worker: ['worker-server', 'worker-redis', 'worker-docker', 'worker-kubernetes'],
  redis: ['worker-redis', 'server-redis'],
  postgres: ['server-postgres'],
  docker: ['worker-docker'],
  kubernetes: ['worker-kubernetes'],
};

export interface Injected {
  /** `performance.now()` when the part was hit. */
  readonly at: number;
  /** Ends what lasts, such as a slow network. */
  readonly end: () => void;
}

/** Resolves when the part is back, or, for a slow network, at once. */
export async function inject(installation: Installation, { component, fault }: Cell): Promise<Injected> {
  const part = installation.parts[component];
  if (part === undefined) throw new Error(`no ${component} takes part here`);
  const links = linksOf[component].flatMap((name) => installation.links[name] ?? []);
  const at = performance.now();
  const nothing = (): void => undefined;
  switch (fault) {
    case 'kill':
      await part.kill();
      await part.start();
      return { at, end: nothing };
    case 'stop':
      await part.stop();
      await part.start();
      return { at, end: nothing };
    case 'cut':
      for (const link of links) link.cut();
      await sleep(cutMs);
      for (const link of links) link.heal();
      return { at, end: nothing };
    case 'slow':
      for (const link of links) link.slow(slowly);
      return { at, end: () => links.forEach((link) => link.heal()) };
  }
}
