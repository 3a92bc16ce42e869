// Requests that took too long, from the buckets of a histogram: counters, so that the gate for counts judges them.
import type { CounterReading, MetricObservation } from './rollout-state.ts';

/** Cumulative buckets of one side: by series without its `le`, then by upper border in milliseconds (∞: all requests). */
export type Buckets = Readonly<Record<string, ReadonlyMap<number, number>>>;

/**
 * Slow are the requests above the smallest border ≥ `overMs` that every series of both sides has: two versions whose
 * buckets differ are only comparable at a border that both know. Which one it is stands in the reading, since between
 * `overMs` and the border nothing can be told. Null for a side: it has no series.
 */
export function slowRequests(
  sides: { readonly stable: Buckets | null; readonly canary: Buckets | null },
  overMs: number,
): MetricObservation {
  const series = [sides.stable, sides.canary].flatMap((side) => Object.entries(side ?? {}));
  for (const [name, buckets] of series) {
    const problem = whyBroken(buckets);
    if (problem !== null) return { kind: 'error', message: `the histogram ${name} ${problem}` };
  }
  if (series.length === 0) return { kind: 'read', stable: null, canary: null };
  const borders = commonBorders(series.map(([, buckets]) => buckets));
  const borderMs = borders.find((border) => border >= overMs * (1 - rounding));
  if (borderMs === undefined) return { kind: 'error', message: noBorder(borders, overMs) };
  const reading = (side: Buckets | null): CounterReading | null => {
    const entries = Object.entries(side ?? {});
    if (entries.length === 0) return null;
    const count = (of: (buckets: ReadonlyMap<number, number>) => number) =>
      Object.fromEntries(entries.map(([name, buckets]) => [name, of(buckets)]));
    const all = (buckets: ReadonlyMap<number, number>): number => buckets.get(Infinity) ?? 0;
    return { bad: count((buckets) => all(buckets) - (buckets.get(borderMs) ?? 0)), total: count(all) };
  };
  return { kind: 'read', stable: reading(sides.stable), canary: reading(sides.canary), borderMs };
}

/** Borders are written in seconds and come back as fractions. */
const rounding = 1e-9;

function whyBroken(buckets: ReadonlyMap<number, number>): string | null {
  if (!buckets.has(Infinity)) return 'has no bucket le="+Inf": is it a histogram?';
  const counts = [...buckets].toSorted(([a], [b]) => a - b).map(([, count]) => count);
  const isCumulative = counts.every((count, index) => count >= (counts[index - 1] ?? 0));
  return isCumulative ? null : 'has a bucket with less in it than a smaller one has';
}

/** Finite, ascending. */
function commonBorders(series: readonly ReadonlyMap<number, number>[]): readonly number[] {
  const [first, ...others] = series;
  const common = [...(first?.keys() ?? [])].filter((border) =>
    others.every((buckets) => buckets.has(border)),
  );
  return common.filter((border) => Number.isFinite(border)).toSorted((a, b) => a - b);
}

function noBorder(borders: readonly number[], overMs: number): string {
  const highest = borders.at(-1);
  const known =
    highest === undefined
      ? 'its series have no border in common'
      : `the highest border that all its series have is ${highest} ms`;
  return `the histogram cannot tell what takes longer than ${overMs} ms: ${known}. Add a bucket at ${overMs} ms to the service, or lower over`;
}
