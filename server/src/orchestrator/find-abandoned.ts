import { jobIdOf, type JobToAdd, type Queues } from '../queue/queues.ts';

/** A worker claims what it takes within milliseconds; BullMQ itself would wait for half a minute. */
const patienceMs = 5_000;

interface Sighting {
  /** How many further jobs were added for it. */
  readonly again: number;
  /** When its newest job was first seen taken and not claimed; null: it was not. */
  readonly since: number | null;
}

/**
 * Finds work that a worker took and never claimed, because it died in between. Gives the jobs to add: the old one
 * is locked by the dead, so the new one has another id. Should the first worker live after all, the claims decide.
 * Time is measured between our own looks: workers' clocks play no part.
 */
export function abandonedFinder(
  queues: Pick<Queues, 'taken' | 'missing'>,
): (unclaimed: readonly JobToAdd[], now: number) => Promise<readonly JobToAdd[]> {
  let sightings = new Map<string, Sighting>();
  return async (unclaimed, now) => {
    const taken = unclaimed.length === 0 ? new Set<string>() : await queues.taken();
    const newest = (command: JobToAdd): JobToAdd => ({
      ...command,
      again: sightings.get(jobIdOf(command))?.again ?? 0,
    });
    const gone = new Set((await queues.missing(unclaimed.map(newest).filter(isFurther))).map(jobIdOf));
    const next = new Map<string, Sighting>();
    const toAdd: JobToAdd[] = [];
    for (const command of unclaimed) {
      const first = jobIdOf(command);
      const last = jobIdOf(newest(command));
      const { again, since } = sightings.get(first) ?? { again: 0, since: null };
      const isHeldUp = taken.has(last) || (gone.has(last) && taken.has(first));
      if (!isHeldUp) {
        if (again > 0) next.set(first, { again, since: null });
      } else if (now - (since ?? now) < patienceMs) {
        next.set(first, { again, since: since ?? now });
      } else {
        toAdd.push({ ...command, again: again + 1 });
        next.set(first, { again: again + 1, since: null });
      }
    }
    sightings = next;
    return toAdd;
  };
}

const isFurther = (job: JobToAdd): boolean => (job.again ?? 0) > 0;
