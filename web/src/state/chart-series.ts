import type { RolloutPoint, SidePoint } from '@sluice/pipelines/protocol/api';

/** Aligned columns as uPlot wants them: seconds since the epoch, the old version, the new version. */
export type ChartSeries = readonly [
  at: readonly number[],
  old: readonly (number | null)[],
  fresh: readonly (number | null)[],
];

export interface RolloutSeries {
  readonly errorPercent: ChartSeries;
  readonly requestsPerSecond: ChartSeries;
  readonly meanMs: ChartSeries;
}

/** A gap stays a gap: where nothing was counted there is no value, not a zero. */
export function seriesOf(history: readonly RolloutPoint[]): RolloutSeries {
  const points = history.slice(1);
  const at = points.map((point) => point.at / 1_000);
  const seconds = points.map((point, index) => (point.at - (history[index]?.at ?? point.at)) / 1_000);
  const series = (value: (side: SidePoint, seconds: number) => number | null): ChartSeries => {
    const column = (side: 'stable' | 'canary') =>
      points.map((point, index) => {
        const counted = point[side];
        return counted === null ? null : value(counted, seconds[index] ?? 0);
      });
    return [at, column('stable'), column('canary')];
  };
  return {
    errorPercent: series(({ errors, requests }) => (requests === 0 ? null : (100 * errors) / requests)),
    requestsPerSecond: series(({ requests }, passed) => (passed <= 0 ? null : requests / passed)),
    meanMs: series(({ meanMs }) => meanMs),
  };
}
