// What the old version did in the hour before the rollout: how its errors are spread, and how many requests it gets.
import type { MetricHistory, MetricTally, PastHour } from './rollout-state.ts';
import { addLook, closeSpread, noSpread } from './metric-spread.ts';

/**
 * Requests, bad events and their dispersion, from the counts of each interval since the version first had traffic: one
 * that was released ten minutes ago has not had an hour of it.
 */
export function pastHour({ everyMs, requests, bad }: MetricHistory): PastHour {
  const first = Math.max(
    0,
    requests.findIndex((count) => count > 0),
  );
  const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
  const { before } = closeSpread(bad.slice(first).reduce(addLook, noSpread));
  return {
    // It began somewhere in that interval, unless that is where the hour begins.
    ms: everyMs * (requests.length - first - (first > 0 ? 0.5 : 0)),
    requests: sum(requests),
    bad: sum(bad),
    spread: before ?? { chiSquare: 0, degrees: 0 },
  };
}

/** The dispersion of the hour before goes into that of every later look. */
export function withPast(
  tally: Readonly<Record<string, MetricTally>>,
  past: Readonly<Record<string, PastHour>>,
): Readonly<Record<string, MetricTally>> {
  return Object.fromEntries(
    Object.entries(tally).map(([metric, counts]) => {
      const known = Object.hasOwn(past, metric) ? past[metric] : undefined;
      if (known === undefined || known.spread.degrees === 0) return [metric, counts];
      return [metric, { ...counts, perLook: { ...counts.perLook, before: known.spread } }];
    }),
  );
}
