import type { RouterAbilities, Traffic } from '@sluice/pipelines/rollout/rollout-state';
import type { KubeObject } from '../kube-objects.ts';

/** The Services of both versions, in the namespace of the object that routes to them. */
export interface ServicePair {
  readonly stable: string;
  readonly canary: string;
}

export interface RoutedTraffic {
  readonly traffic: Traffic;
  /** Why the object's controller has not taken it yet; null: it has, or it never says. */
  readonly unsettled: string | null;
}

/**
 * One object of the cluster that decides which requests the Service of the new version gets: a route, an Ingress. It
 * knows nothing of pods: who calls it has made sure that a side that gets traffic has ready ones.
 *
 * Order of calls: `services` and `rehearse` before anything is changed; then `give` and `read` as often as wanted, and
 * `restore` at the end. Each call may come from another process than the one before.
 *
 * - Only what names the two Services is changed. What else somebody changes meanwhile stays, before and after
 *   `restore`; a change that races with another is made again on what the other left.
 * - What to go back to is written on the object in the same change that first touches it. Without that note,
 *   `restore` still takes everything away that names the new version's Service.
 * - `give` and `restore` are idempotent. What they have done is known by `read` alone.
 * - A `DeployProblem` says what the object or the cluster does not allow, and what to do.
 */
export interface TrafficRouter {
  /** For people: `HTTPRoute shop`. */
  readonly object: string;
  readonly can: RouterAbilities;
  /** Services of its namespace to which it sends requests. `planned`: the object as it will be applied first. */
  readonly services: (planned: KubeObject | null) => Promise<readonly string[]>;
  /** Rejects with what the cluster or the object would not allow; nothing is changed. */
  readonly rehearse: (
    pair: ServicePair,
    wanted: readonly Traffic[],
    planned: KubeObject | null,
  ) => Promise<void>;
  readonly read: (pair: ServicePair) => Promise<RoutedTraffic>;
  /** Exactly this traffic: what was given before and is not wanted now, ends. */
  readonly give: (pair: ServicePair, wanted: Traffic) => Promise<void>;
  /** As it was before the first `give`. */
  readonly restore: (pair: ServicePair) => Promise<void>;
}
