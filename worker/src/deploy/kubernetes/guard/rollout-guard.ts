// What the actions of one rollout have to do with the guard of its cluster.
import type { DeployWork } from '@sluice/pipelines/language/definition';
import type { GuardFacts } from '@sluice/pipelines/rollout/rollout-state';
import { DeployProblem } from '../../deploy-problem.ts';
import type { KubeClient } from '../kube-client.ts';
import { fullReplicas, type OpenWorkload } from '../open-workload.ts';
import { notedRouting } from '../traffic/routing.ts';
import type { Release } from '../workload.ts';
import { endPromise, forgetPromise, keepPromise } from './keep-promise.ts';
import type { GuardSightings } from './guard-sightings.ts';
import { findHeartbeat, lookForGuard, noGuard, silentGuard } from './look-for-guard.ts';
import type { RolloutPromise } from './rollout-lease.ts';

/** Without `guard` in the stage, and while no router shares the traffic, every call does nothing. */
export interface RolloutGuard {
  readonly look: (client: KubeClient) => Promise<GuardFacts | undefined>;
  /**
   * Says that the engine lives, unless it has just done so; may be called at every step of a long action. Rejects with
   * `guard-restored`.
   */
  readonly keep: (client: KubeClient, workload: OpenWorkload, moment: GuardMoment) => Promise<void>;
  /** Before the old version's pods go: nothing may be given back any more. Rejects with `guard-restored`. */
  readonly end: (client: KubeClient, workload: OpenWorkload) => Promise<void>;
  /** After a roll-back. */
  readonly forget: (client: KubeClient, service: string) => Promise<void>;
  /** As this action has found it; undefined: it has not looked. */
  readonly facts: () => GuardFacts | undefined;
}

export type GuardMoment =
  | 'goes-on'
  /** The new version has traffic, or may have some from now on: there is something to give back. */
  | 'has-traffic'
  /** The engine does it itself, and nothing about the guard holds it up. */
  | 'gives-back';

export interface GuardParts {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly guards: GuardSightings;
}

export function rolloutGuard(
  { guard: wish }: Pick<DeployWork, 'guard'>,
  release: Release,
  { now, guards }: GuardParts,
  signal: AbortSignal,
): RolloutGuard {
  if (wish === undefined) return noGuardWanted;
  const { afterMs, isRequired } = wish;
  let seen: GuardFacts | undefined;
  let keptAt = -Infinity;

  /** Who has not asked for a guard is not held up by the lack of a right. */
  const allowed = async (work: () => Promise<GuardFacts | null>): Promise<void> => {
    try {
      seen = (await work()) ?? seen;
    } catch (error) {
      if (isRequired || !(error instanceof DeployProblem) || error.reason !== 'forbidden') throw error;
      seen = { problem: error.message };
    }
  };

  /** On a guard that has taken note of the promise: whether it is still there. */
  const listen = async (client: KubeClient): Promise<GuardFacts> => {
    const heartbeat = await findHeartbeat(client);
    if (heartbeat === null) return { problem: noGuard(client.namespace) };
    const isHeard = guards.isHeard(`${release.environment} ${client.namespace}`, heartbeat);
    return { problem: isHeard ? null : silentGuard(client.namespace) };
  };

  return {
    look: async (client) => {
      seen = await lookForGuard(client, signal);
      return seen;
    },
    keep: async (client, workload, moment) => {
      const routing = notedRouting(client, workload, release);
      if (routing === null || performance.now() - keptAt < afterMs / signsWithin) return;
      const { provider, pair } = routing;
      const replicas = fullReplicas(workload);
      const promise: RolloutPromise = { provider, service: pair.stable, release, replicas, holdsMs: afterMs };
      const begins = moment === 'has-traffic';
      const kept = allowed(async () => {
        const facts = await keepPromise(client, promise, { now, begins, isRequired });
        return facts?.problem === null ? listen(client) : facts;
      });
      await (moment === 'gives-back' ? kept.catch(expected) : kept);
      keptAt = performance.now();
    },
    end: async (client, workload) => {
      const routing = notedRouting(client, workload, release);
      if (routing === null) return;
      await allowed(async () => {
        await endPromise(client, routing.pair.stable);
        return null;
      });
    },
    forget: async (client, service) => {
      await allowed(async () => {
        await forgetPromise(client, service);
        return null;
      }).catch(expected);
    },
    facts: () => seen,
  };
}

function expected(error: unknown): void {
  if (!(error instanceof DeployProblem)) throw error;
}

/** Of the time that a promise holds, a long action lets pass no more than this part without a sign. */
const signsWithin = 5;

const noGuardWanted: RolloutGuard = {
  look: () => Promise.resolve(undefined),
  keep: () => Promise.resolve(),
  end: () => Promise.resolve(),
  forget: () => Promise.resolve(),
  facts: () => undefined,
};
