// The engine's side of the guard: it says that it lives, and hears that it was taken for dead.
import { guardRestored } from '@sluice/pipelines/rollout/guarded';
import type { GuardFacts } from '@sluice/pipelines/rollout/rollout-state';
import { DeployProblem } from '../../deploy-problem.ts';
import type { KubeClient } from '../kube-client.ts';
import type { KubeObject } from '../kube-objects.ts';
import { note, rolloutLeaseName } from '../marks.ts';
import { findHeartbeat, noGuard } from './look-for-guard.ts';
import {
  leaseKind,
  leaseTerms,
  readRolloutLease,
  rolloutLease,
  type RolloutLease,
  type RolloutPromise,
} from './rollout-lease.ts';

export interface PromiseOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Makes the promise where there is none. */
  readonly begins: boolean;
  /** Also where no guard is at work. */
  readonly isRequired: boolean;
}

/**
 * Renews the promise. Rejects with `guard-restored` when the guard has taken it for broken: then nothing is as the
 * engine left it. Null: there is no promise, and none was to be made.
 */
export async function keepPromise(
  client: KubeClient,
  promise: RolloutPromise,
  { now, begins, isRequired }: PromiseOptions,
): Promise<GuardFacts | null> {
  for (let left = mostRaces; ; left -= 1) {
    try {
      const found = await findLease(client, promise);
      if (found === null) {
        if (!begins) return null;
        if (!isRequired && (await findHeartbeat(client)) === null) {
          return { problem: noGuard(client.namespace) };
        }
        await client.apply(rolloutLease(promise, now()));
        return null;
      }
      const { object, lease } = found;
      if (lease.silentSeconds !== null) throw takenForDead(lease);
      const { resourceVersion } = lease;
      const annotations = { [note.stableReplicas]: String(promise.replicas) };
      await client.mergeInto(object, {
        metadata: { resourceVersion, annotations },
        spec: leaseTerms(promise, now()),
      });
      if (lease.guard === null) return null;
      return { problem: lease.guard === 'watching' ? null : lease.guard };
    } catch (error) {
      if (left === 0 || !(error instanceof DeployProblem) || error.reason !== 'conflict') throw error;
    }
  }
}

/** From here on the guard does nothing. Rejects with `guard-restored` when it already has. */
export async function endPromise(client: KubeClient, service: string): Promise<void> {
  for (let left = mostRaces; ; left -= 1) {
    const object = await client.find({ ...leaseKind, name: rolloutLeaseName(service) });
    const lease = object === null ? null : readRolloutLease(object);
    if (lease === null) return;
    if (lease.silentSeconds !== null) throw takenForDead(lease);
    try {
      await client.remove({ ...leaseKind, name: lease.name }, lease.resourceVersion);
      return;
    } catch (error) {
      if (left === 0 || !(error instanceof DeployProblem) || error.reason !== 'conflict') throw error;
    }
  }
}

/** The traffic is back: what the guard has done, or would do, is over. */
export async function forgetPromise(client: KubeClient, service: string): Promise<void> {
  await client.remove({ ...leaseKind, name: rolloutLeaseName(service) });
}

const mostRaces = 3;

/** One of another rollout is no promise of this one: it goes. */
async function findLease(
  client: KubeClient,
  { service, release }: RolloutPromise,
): Promise<{ readonly object: KubeObject; readonly lease: RolloutLease } | null> {
  const object = await client.find({ ...leaseKind, name: rolloutLeaseName(service) });
  if (object === null) return null;
  const lease = readRolloutLease(object);
  const { installation, version } = release;
  if (lease?.release.version === version && lease.release.installation === installation) {
    return { object, lease };
  }
  await forgetPromise(client, service);
  return null;
}

function takenForDead({ silentSeconds, provider, restored }: RolloutLease): DeployProblem {
  const done =
    restored === null
      ? `is giving the traffic of ${provider.kind}/${provider.name} back`
      : `has acted: ${restored}`;
  return new DeployProblem(
    guardRestored,
    `nothing was heard of the engine for ${silentSeconds ?? 0} s, and the guard in the cluster ${done}`,
  );
}
