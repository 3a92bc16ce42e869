export interface Figure {
  readonly name: string;
  /** What ours is compared with. */
  readonly limit: string;
  readonly oursMs: readonly number[];
  readonly limitMs: readonly number[];
  /** Median of ours over median of the limit. */
  readonly ratio: number;
  readonly target: number;
  readonly note: string;
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);
