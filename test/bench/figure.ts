export interface Figure {
  readonly name: string;
  /** What ours is compared with. */
  readonly limit: string;
  readonly unit: 'ms' | '/s' | 'MB';
  readonly ours: readonly number[];
  /** Of the limit; measured in the same run. */
  readonly limits: readonly number[];
  readonly goal: Goal;
  readonly note: string;
}

export type Goal =
  /** Median of ours over median of the limit. */
  | { readonly kind: 'ratio'; readonly is: 'at-most' | 'at-least'; readonly ratio: number }
  /** A quantile of ours, in the figure's unit; the limit is only shown beside it. */
  | { readonly kind: 'quantile'; readonly share: number; readonly atMost: number }
  /** Nobody has set a target. */
  | { readonly kind: 'shown' };

export interface Score {
  readonly value: number;
  /** Such as `1.21×` or `p99 84 ms`. */
  readonly text: string;
  /** Such as `≤ 1.3×`; null where nobody has set one. */
  readonly goal: string | null;
  readonly isMet: boolean | null;
}

export function scoreOf({ ours, limits, unit, goal }: Figure): Score {
  if (goal.kind === 'shown') {
    const value = median(ours) / median(limits);
    return { value, text: `${value.toFixed(2)}×`, goal: null, isMet: null };
  }
  if (goal.kind === 'ratio') {
    const value = median(ours) / median(limits);
    const isMet = goal.is === 'at-most' ? value <= goal.ratio : value >= goal.ratio;
    const sign = goal.is === 'at-most' ? '≤' : '≥';
    return { value, text: `${value.toFixed(2)}×`, goal: `${sign} ${goal.ratio}×`, isMet };
  }
  const value = quantile(ours, goal.share);
  const name = goal.share === 0.5 ? 'median' : `p${Math.round(goal.share * 100)}`;
  return {
    value,
    text: `${name} ${value.toFixed(0)} ${unit}`,
    goal: `${name} ≤ ${goal.atMost} ${unit}`,
    isMet: value <= goal.atMost,
  };
}

export const verdictOf = ({ isMet }: Score): string =>
  isMet === null ? 'no target' : isMet ? 'met' : 'NOT met';

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);
