import type { MetricObservation, MetricVerdict, Observation } from './rollout-state.ts';

/** What one look at one metric shows, before the metric's rules are applied. */
export type Measured = Omit<MetricVerdict, 'metric' | 'looks'>;

/** Why a reading, whatever was counted before it, may not pass. */
export interface Unusable {
  readonly kind: 'error' | 'no-data';
  readonly reason: string;
}

/** The latest reading of a metric where it is of the kind that the metric needs. */
export function latestReading<Kind extends 'read' | 'value'>(
  latest: Observation,
  metric: string,
  kind: Kind,
): Extract<MetricObservation, { kind: Kind }> | Unusable {
  const reading = Object.hasOwn(latest.metrics, metric) ? latest.metrics[metric] : undefined;
  if (reading === undefined) return { kind: 'error', reason: 'the target does not report this metric' };
  if (reading.kind === 'error') return { kind: 'error', reason: `cannot be read: ${reading.message}` };
  return isOfKind(reading, kind)
    ? reading
    : { kind: 'error', reason: 'the target reports another kind of figure for this metric' };
}

function isOfKind<Kind extends 'read' | 'value'>(
  reading: MetricObservation,
  kind: Kind,
): reading is Extract<MetricObservation, { kind: Kind }> {
  return reading.kind === kind;
}
