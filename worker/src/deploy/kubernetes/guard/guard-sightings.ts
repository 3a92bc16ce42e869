// What a worker has seen of the guards of its environments, over all the actions that it did there. By a steady clock:
// a guard whose heartbeat changed since the last action was there in between.
import { isBroken, watchPromise, type WatchedPromise } from '@sluice/pipelines/rollout/guard-watch';

/** Guards say that they live at least this often. */
export const heartbeatMs = 2_000;
/** One that is not heard of for so long does not live; its API calls may take a while. */
export const patienceMs = 5 * heartbeatMs;

export interface GuardSightings {
  /** False: its heartbeat has been the same for longer than a guard that lives would leave it. */
  readonly isHeard: (place: string, heartbeat: string) => boolean;
}

/** `now`: milliseconds on a clock that nobody sets. */
export function guardSightings(now: () => number = () => performance.now()): GuardSightings {
  const seen = new Map<string, WatchedPromise>();
  return {
    isHeard: (place, heartbeat) => {
      const watched = watchPromise(seen.get(place) ?? null, heartbeat, now(), Infinity);
      seen.set(place, watched);
      return !isBroken(watched, patienceMs);
    },
  };
}
