// What happened between two readings of raw counters. A counter only grows, until its process restarts and it begins
// at 0 again; `increase()` of a metrics store extrapolates, so the engine takes the differences itself.
import type {
  CounterReading,
  MetricObservation,
  MetricTally,
  Observation,
  SideTally,
} from './rollout-state.ts';

type Tally = Readonly<Record<string, MetricTally>>;

/**
 * Adds what an observation shows beyond all earlier ones. Per series:
 *
 * - higher than before: the difference counts;
 * - lower than before: the process restarted, everything since then counts (what it counted between the last reading
 *   and its end is lost; no reader of counters can know it);
 * - gone: what it had counted stays, and its last value is remembered in case it comes back;
 * - new: counts in full from 0, because every series alive at the first reading was remembered there.
 *
 * A side's first reading only sets the marks, with one exception: where an earlier query answered that the new version
 * has no series at all, its first series is new and counts in full. The old version's may have been out of sight.
 */
export function addObservation(tally: Tally, observation: Observation, isLook: boolean): Tally {
  const next: Record<string, MetricTally> = { ...tally };
  for (const [metric, reading] of Object.entries(observation.metrics)) {
    if (reading.kind === 'read') next[metric] = addReading(own(tally, metric) ?? nothing, reading, isLook);
  }
  return next;
}

/** Begins to count anew, as at a weight change; the marks of all series stay. */
export function restartTally(tally: Tally): Tally {
  const restart = (side: SideTally): SideTally => ({ requests: 0, bad: 0, seen: side.seen });
  return Object.fromEntries(
    Object.entries(tally).map(([metric, { stable, canary }]) => [
      metric,
      { stable: restart(stable), canary: restart(canary), perLook: noLooks },
    ]),
  );
}

/** Keeps the old version's counts as the reference for the time when it has no traffic any more. */
export function restartCanary(tally: Tally): Tally {
  return Object.fromEntries(
    Object.entries(tally).map(([metric, counts]) => [
      metric,
      { ...counts, canary: { requests: 0, bad: 0, seen: counts.canary.seen } },
    ]),
  );
}

const noLooks = { looks: 0, sum: 0, sumOfSquares: 0 };
const unread: SideTally = { requests: 0, bad: 0, seen: null };
const nothing: MetricTally = { stable: unread, canary: unread, perLook: noLooks };

function addReading(
  before: MetricTally,
  reading: Extract<MetricObservation, { kind: 'read' }>,
  isLook: boolean,
): MetricTally {
  const stable = addToSide(before.stable, reading.stable);
  const canary = addToSide(before.canary, reading.canary ?? { bad: {}, total: {} });
  const bad = stable.bad - before.stable.bad;
  const { looks, sum, sumOfSquares } = before.perLook;
  const perLook = { looks: looks + 1, sum: sum + bad, sumOfSquares: sumOfSquares + bad * bad };
  const isComparable = isLook && before.stable.seen !== null && reading.stable !== null;
  return { stable, canary, perLook: isComparable ? perLook : before.perLook };
}

function addToSide(before: SideTally, reading: CounterReading | null): SideTally {
  if (reading === null) return before;
  if (before.seen === null) return { ...before, seen: reading };
  return {
    requests: before.requests + growth(before.seen.total, reading.total),
    bad: before.bad + growth(before.seen.bad, reading.bad),
    seen: {
      bad: { ...before.seen.bad, ...reading.bad },
      total: { ...before.seen.total, ...reading.total },
    },
  };
}

function growth(before: CounterReading['total'], now: CounterReading['total']): number {
  let sum = 0;
  for (const [series, value] of Object.entries(now)) {
    const last = own(before, series) ?? 0;
    sum += value >= last ? value - last : value;
  }
  return sum;
}

/** Metrics and series are named by users: `constructor` is as good a name as any. */
function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
