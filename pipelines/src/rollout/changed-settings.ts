// Other settings for a rollout that has been: which of a stage's keys a replay can try.
import type { DeployWork, MetricSpec } from '../language/definition.ts';
import { differencesOf } from './compare-decisions.ts';
import type { RolloutSpec } from './rollout-state.ts';

export interface ChangedSettings {
  readonly spec: RolloutSpec;
  /** `confidence: 0.95 → 0.99`, in the words of the plan. */
  readonly changes: readonly string[];
  /** What cannot be tried, since the evidence does not hold it. */
  readonly notes: readonly string[];
}

/** Everything that judges is taken from `work`; what was deployed and where stays. */
export function changeSettings(spec: RolloutSpec, work: DeployWork): ChangedSettings {
  const { budget: _, ...before } = spec.work;
  const next: DeployWork = {
    ...before,
    steps: work.steps,
    metrics: work.metrics,
    confidence: work.confidence,
    intervalMs: work.intervalMs,
    noData: work.noData,
    onInconclusive: work.onInconclusive,
    bakeMs: work.bakeMs,
    deadlineMs: work.deadlineMs,
    ...(work.budget === undefined ? {} : { budget: work.budget }),
  };
  return {
    spec: { ...spec, work: next },
    changes: differencesOf(plain(spec.work), plain(next)),
    notes: Object.entries(work.metrics).flatMap(([metric, changed]) => {
      const known = Object.hasOwn(spec.work.metrics, metric) ? spec.work.metrics[metric] : undefined;
      if (known === undefined) return [`the metric "${metric}" was not measured in this rollout`];
      return sameReading(known, changed)
        ? []
        : [`the metric "${metric}" has another query now; what was measured is by the old one`];
    }),
  };
}

/** A count has no `kind` in what was written before there were other kinds. */
function plain(work: DeployWork): unknown {
  const metrics = Object.entries(work.metrics).map(([name, spec]) => [
    name,
    { ...spec, kind: spec.kind ?? 'count' },
  ]);
  return { ...work, metrics: Object.fromEntries(metrics) };
}

function sameReading(one: MetricSpec, other: MetricSpec): boolean {
  return readBy(one) === readBy(other);
}

function readBy(spec: MetricSpec): string {
  if (spec.kind === 'slow') return JSON.stringify(['slow', spec.histogram, spec.overMs]);
  if (spec.kind === 'points') return JSON.stringify(['points', spec.query]);
  return JSON.stringify(['count', spec.query, spec.of]);
}
