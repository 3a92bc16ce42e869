import type { OrphanRule } from '@sluice/pipelines/orphans/decide-orphan';
import { isForgottenCanary } from '@sluice/pipelines/orphans/forgotten-canary';
import type { OrphanLook } from '@sluice/pipelines/protocol/orphans';
import type { Logger } from 'pino';
import { openService, otherContainers, type ServicePlace } from '../deploy/docker/open-service.ts';
import { listServices } from '../deploy/docker/running-services.ts';
import { describeEngine } from './docker-place.ts';

/** Counts what rollouts have left; it never removes anything, for it stands beside what serves. */
export interface CanaryWatch {
  /** For the worker's log. */
  readonly name: string;
  /** `quietFor`: milliseconds since the last rollout of each environment ended; null: one is open, or none is known. */
  readonly count: (
    rule: OrphanRule,
    quietFor: (environments: readonly string[]) => Promise<readonly (number | null)[]>,
  ) => Promise<OrphanLook['counts']>;
}

/**
 * Containers of Docker services that are not of the stable version, get no traffic, and belong to no rollout under way. The
 * rollout's own end removes them; where that failed they stay until the next deployment, which removes them first.
 */
export function canaryWatch(place: ServicePlace, log: Logger): CanaryWatch {
  return {
    name: 'the services of this Docker host',
    count: async (rule, quietFor) => {
      const states = await listServices(place.dataDir);
      const ours = states.filter(({ installation }) => installation === rule.installation);
      if (ours.length === 0) return [];
      const quiet = await quietFor(ours.map(({ environment }) => environment));
      let left = 0;
      for (const [at, known] of ours.entries()) {
        const service = await openService(place, { ...known, health: known.health.a });
        const { stable, canaryPercent: percent } = service.state;
        const side = { hasStable: stable !== null, percent, quietForMs: quiet[at] ?? null };
        if (!isForgottenCanary(side, rule)) continue;
        const canaries = otherContainers(service);
        left += canaries.length;
        const about = { service: known.service, containers: canaries.map(({ id }) => id.slice(0, 12)) };
        if (canaries.length > 0)
          log.warn(about, 'a rollout that ended has left containers; the next deployment removes them');
      }
      return [{ engine: (await describeEngine(place.docker)).engine, kind: 'canary', orphans: left }];
    },
  };
}
