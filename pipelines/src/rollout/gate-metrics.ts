// Which metrics the gate looks at, and how sure each has to be.
import type {
  CountMetric,
  DeployWork,
  LookRules,
  MetricSpec,
  PointMetric,
  SlowMetric,
} from '../language/definition.ts';

/** A metric that is judged by the counts of two versions. */
export type CountedMetric = CountMetric | SlowMetric;

/**
 * Used when the pipeline names no metric: what the traffic provider itself counts, requests and 5xx answers, under
 * the name `errors`. Half as many errors again as the old version has are allowed, as in every example of the docs.
 */
export const providerMetric: CountMetric = {
  query: '',
  of: '',
  worseThan: 1.5,
  limit: null,
  dryRun: false,
};

/** By name; at least one. */
export function gateMetrics(work: Pick<DeployWork, 'metrics'>): Readonly<Record<string, MetricSpec>> {
  return Object.keys(work.metrics).length === 0 ? { errors: providerMetric } : work.metrics;
}

/**
 * ln(1/α) that a metric's evidence has to reach. The confidence holds for the whole stage, so α = 1 − confidence is
 * shared by the metrics that can decide, and again by the two tests of a metric that has both.
 */
export function evidenceThreshold(
  spec: MetricSpec,
  metrics: Readonly<Record<string, MetricSpec>>,
  confidence: number,
): number {
  const deciding = Object.values(metrics).filter((metric) => !metric.dryRun).length;
  const tests = spec.kind !== 'points' && spec.worseThan !== null && spec.limit !== null ? 2 : 1;
  return Math.log((Math.max(1, deciding) * tests) / (1 - confidence));
}

/**
 * With no error on the canary a comparison has nothing to compare. Then the canary passes once its rate is surely
 * below this bound (0 of n: at most ln(1/α)/n, the "rule of three"): 1 %, or the metric's own limit where that is
 * stricter. 300 clean requests at 95 %. It says "no sign of trouble in enough requests", not "as good as the old one";
 * the first error takes the rule out of force, and the comparison decides.
 */
export function cleanCanaryBound(spec: CountedMetric): number {
  return Math.min(spec.limit ?? defaultCleanBound, defaultCleanBound);
}

const defaultCleanBound = 0.01;

/** Without one, a metric could neither fail nor pass. */
export function hasTest(spec: MetricSpec): boolean {
  if (spec.kind !== 'points') return spec.limit !== null || spec.worseThan !== null;
  return spec.limit !== null || spec.tolerance !== null || hasConditions(spec);
}

export function hasConditions({ successCondition, failureCondition }: PointMetric): boolean {
  return successCondition !== undefined || failureCondition !== undefined;
}

/** The rules of a metric with their defaults filled in. */
export function rulesOf(spec: MetricSpec): ResolvedRules {
  const { rules } = spec;
  const isCeiling = spec.kind === 'points' && spec.limit !== null;
  return {
    intervalMs: rules?.intervalMs ?? 0,
    count: rules?.count ?? (isCeiling ? 5 : 1),
    failureLimit: rules?.failureLimit ?? (isCeiling ? 2 : 0),
    inconclusiveLimit: rules?.inconclusiveLimit ?? Infinity,
    consecutiveErrorLimit: rules?.consecutiveErrorLimit ?? 4,
    initialDelayMs: rules?.initialDelayMs ?? 0,
  };
}

export type ResolvedRules = { readonly [Rule in keyof LookRules]: number };
