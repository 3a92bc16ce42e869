export interface EndingLease {
  readonly id: string;
  readonly runId: string;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/** Longer than the time between two heartbeats. */
export const watchedMs = 6_000;

interface Sighting {
  readonly until: number;
  readonly since: number;
}

/**
 * Says which leases nobody has renewed, neither until their end nor while they were watched for `watchedMs`. A lease
 * that merely looks old, because another server wrote it by a clock that is behind, changes with the next heartbeat and
 * is never among them. Each look is given every lease that ends within `watchedMs` from now, so that a worker that
 * falls silent loses its attempt no later for being watched.
 */
export function silenceWatch(): (ending: readonly EndingLease[], now: number) => readonly EndingLease[] {
  let sightings: ReadonlyMap<string, Sighting> = new Map();
  return (ending, now) => {
    const next = new Map<string, Sighting>();
    for (const { id, until } of ending) {
      const known = sightings.get(id);
      next.set(id, known?.until === until ? known : { until, since: now });
    }
    sightings = next;
    return ending.filter(({ id, until }) => {
      const since = next.get(id)?.since ?? now;
      return until < now && now - since >= watchedMs;
    });
  };
}
