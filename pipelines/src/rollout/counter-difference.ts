// What happened between two readings of raw counters. A counter only grows, until its process restarts and it begins
// at 0 again; `increase()` of a metrics store extrapolates, so the engine takes the differences itself.
import { addLook, closeSpread, noSpread } from './metric-spread.ts';
import { addValue } from './point-tally.ts';
import type {
  BadCount,
  CounterReading,
  MetricObservation,
  MetricTally,
  Observation,
  SideTally,
} from './rollout-state.ts';

type Tally = Readonly<Record<string, MetricTally>>;

/** How an observation is taken. */
export interface Taking {
  /** One interval after the one before, so that the dispersion can be told from it. */
  readonly isLook: boolean;
  /** Metrics whose initial delay is not over: their marks are set, and nothing counts. */
  readonly isWarmingUp?: (metric: string) => boolean;
  /** Milliseconds between two values of a gauge that are both taken. */
  readonly valueEveryMs?: (metric: string) => number;
}

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
 * Readings above another bucket border than before are a first reading.
 */
export function addObservation(tally: Tally, observation: Observation, taking: Taking): Tally {
  const next: Record<string, MetricTally> = { ...tally };
  for (const [metric, reading] of Object.entries(observation.metrics)) {
    const before = own(tally, metric) ?? nothing;
    const isWarmingUp = taking.isWarmingUp?.(metric) ?? false;
    if (reading.kind === 'value' && !isWarmingUp) {
      const everyMs = taking.valueEveryMs?.(metric) ?? 0;
      next[metric] = { ...before, points: addValue(before.points, reading, observation.at, everyMs) };
    }
    if (reading.kind !== 'read') continue;
    const added = addReading(before, reading, taking.isLook && !isWarmingUp);
    next[metric] = isWarmingUp ? withoutCounts(added) : added;
  }
  return next;
}

/**
 * Begins to count anew, as at a weight change; the marks of all series stay, and so does the dispersion. With `isCopies`
 * what the new version has answered is not kept: nobody saw it.
 */
export function restartTally(tally: Tally, isCopies = false): Tally {
  return Object.fromEntries(
    Object.entries(tally).map(([metric, counts]) => {
      const { points: _, ...rest } = counts;
      const earlier = { stable: everCounted(counts, 'stable'), canary: everServed(counts, isCopies) };
      return [metric, { ...withoutCounts(rest), perLook: closeSpread(counts.perLook), earlier }];
    }),
  );
}

/** Keeps the old version's counts as the reference for the time when it has no traffic any more. */
export function restartCanary(tally: Tally, isCopies = false): Tally {
  return Object.fromEntries(
    Object.entries(tally).map(([metric, counts]) => {
      const { points: _, ...rest } = counts;
      const earlier = {
        stable: counts.earlier?.stable ?? none,
        canary: everServed(counts, isCopies),
      };
      return [metric, { ...rest, canary: marksOf(counts.canary), earlier }];
    }),
  );
}

/** Over all weights of the rollout. */
export function everCounted(counts: MetricTally, side: 'stable' | 'canary'): BadCount {
  const earlier = counts.earlier?.[side] ?? none;
  return { requests: earlier.requests + counts[side].requests, bad: earlier.bad + counts[side].bad };
}

/** By the new version, to users: what it answers to copies alone does not count. */
export function everServed(counts: MetricTally, isCopies = false): BadCount {
  return isCopies ? (counts.earlier?.canary ?? none) : everCounted(counts, 'canary');
}

/** From one reading of a series to the next: a lower value means that it began again at 0. */
export const counterGrowth = (last: number, value: number): number => (value >= last ? value - last : value);

const none: BadCount = { requests: 0, bad: 0 };
const unread: SideTally = { requests: 0, bad: 0, seen: null };
const nothing: MetricTally = { stable: unread, canary: unread, perLook: noSpread };

const marksOf = (side: SideTally): SideTally => ({ requests: 0, bad: 0, seen: side.seen });

const withoutCounts = (counts: MetricTally): MetricTally => ({
  ...counts,
  stable: marksOf(counts.stable),
  canary: marksOf(counts.canary),
});

function addReading(
  known: MetricTally,
  reading: Extract<MetricObservation, { kind: 'read' }>,
  isLook: boolean,
): MetricTally {
  const { borderMs } = reading;
  const before =
    known.borderMs === borderMs ? known : { ...known, stable: unread, canary: unread, perLook: noSpread };
  const stable = addToSide(before.stable, reading.stable);
  const canary = addToSide(before.canary, reading.canary ?? { bad: {}, total: {} });
  const isComparable = isLook && before.stable.seen !== null && reading.stable !== null;
  const perLook = isComparable ? addLook(before.perLook, stable.bad - before.stable.bad) : before.perLook;
  return { ...before, stable, canary, perLook, ...(borderMs === undefined ? {} : { borderMs }) };
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
    sum += counterGrowth(last, value);
  }
  return sum;
}

/** Metrics and series are named by users: `constructor` is as good a name as any. */
function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
