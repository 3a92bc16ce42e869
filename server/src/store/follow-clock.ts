// The time of another machine's clock, told by our own monotonic counter between two readings of it.

/** One look at the other clock: ticks (ms) before the question and after the answer, and what it said (ms). */
export interface Reading {
  readonly before: number;
  readonly said: number;
  readonly after: number;
}

export interface FollowedClock {
  /** What the other clock shows at this tick. */
  readonly at: (tick: number) => number;
  /**
   * Takes a further reading. Gives by how many milliseconds that clock was set meanwhile, forward or (negative) back;
   * 0 when it went on, as far as this reading can tell.
   */
  readonly take: (reading: Reading) => number;
}

/** How far two counters may part: more than a quartz does, and more than a clock that is slewed. */
const driftPerMs = 1 / 1_000;

/** A reading is good to half the time that it took; of two, the one that is better by now counts. */
export function followClock(first: Reading): FollowedClock {
  let known = first;
  return {
    at: (tick) => Math.round(tick + offsetOf(known)),
    take: (reading) => {
      const age = reading.after - known.after;
      const oldError = errorOf(known) + age * driftPerMs;
      const change = offsetOf(reading) - offsetOf(known);
      const wasSet = Math.abs(change) > oldError + errorOf(reading);
      if (wasSet || errorOf(reading) <= oldError) known = reading;
      return wasSet ? Math.round(change) : 0;
    },
  };
}

const offsetOf = ({ before, said, after }: Reading): number => said - (before + after) / 2;

/** The clock is told in whole milliseconds at best. */
const errorOf = ({ before, after }: Reading): number => (after - before) / 2 + 1;
