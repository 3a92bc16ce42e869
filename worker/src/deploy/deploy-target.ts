import type { Observation, TargetFacts, Traffic } from '@sluice/pipelines/rollout/rollout-state';

/**
 * One place where one rollout happens: what runs there, and how traffic is shared. It decides nothing.
 *
 * Order of calls: `inspect`, `deploy`, (after `stopOld`, where two versions must not run at once), then `setTraffic` and `observe` as often as wanted, then `promote` and
 * `retireOld`. `rollBack` may come after any of them and ends the rollout. Calls for one environment never overlap;
 * the next one may come from another process, because everything is remembered at the target itself.
 *
 * - Every call is idempotent and convergent: the same call again changes nothing that is already so, and goes on
 *   with what could not be done yet.
 * - No call waits for readiness. What cannot be done yet is left for the same call later, and the facts say why:
 *   `ready` below `replicas`, another `weightPercent` than the one that was asked for, or an old side that is still there.
 * - A side gets traffic only when it is ready, and ready capacity never falls below what the old version had.
 * - A target that cannot match or mirror says so in `can`, and rejects `setTraffic` with a `DeployProblem` when it is
 *   asked all the same. Matches and mirror come and go with the weight, in one change where the router can do that.
 * - The facts are read back from the target after the change, never remembered from the request.
 * - A `DeployProblem` is an expected failure; any other rejection means that we failed. After either, the target is
 *   in a state from which every call may be made again.
 */
export interface DeployTarget {
  /** Changes nothing. Rejects with what would make the rollout impossible (no access, no metrics, port taken). */
  readonly inspect: () => Promise<TargetFacts>;
  /**
   * Nothing of the old version runs any more once its `ready` is 0; what it takes to start it again stays. Only for
   * stages whose strategy is `recreate`, before `deploy`; their `rollBack` starts it again.
   */
  readonly stopOld: () => Promise<TargetFacts>;
  /** The new version exists beside the old one and gets no traffic. */
  readonly deploy: () => Promise<TargetFacts>;
  /**
   * Gives the new version exactly this traffic: the nearest share that the target can make of `percent` (0 to 100),
   * the requests that match, and copies of others. What was asked for before and is not now, ends.
   */
  readonly setTraffic: (traffic: Traffic) => Promise<TargetFacts>;
  /** Facts and raw counters of both sides at one moment; goes on with a change of weight that is under way. */
  readonly observe: (asked?: {
    /** Also what is known of the old version's last hour. */
    readonly history: boolean;
  }) => Promise<{ readonly facts: TargetFacts; readonly observation: Observation }>;
  /** All traffic to the new version; no match and no mirror any more. */
  readonly promote: () => Promise<TargetFacts>;
  /** The new version is the stable one from now on; the old one is drained and removed. */
  readonly retireOld: () => Promise<TargetFacts>;
  /** All traffic to the old version, then the new one is removed. Where nothing ran before, nothing remains. */
  readonly rollBack: () => Promise<TargetFacts>;
}

/** What a target is given besides the claim. */
export interface ActionContext {
  /** One line for the stage's log. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}
