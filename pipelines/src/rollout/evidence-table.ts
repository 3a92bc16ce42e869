// The approver's screen as data: old beside new, with the counts behind every figure. Pure, so that the page and the
// command line show the same.
import { formatCount, formatDuration } from './figures.ts';
import type { LatencyReading, MetricTally, MetricVerdict, Rollout, SideFacts } from './rollout-state.ts';

export interface EvidenceTable {
  /** The old version first; a side that does not exist has no row. */
  readonly rows: readonly EvidenceRow[];
  /** Name of the metric that `requests` and `errors` of the rows are counted by; null: nothing was counted yet. */
  readonly countedBy: string | null;
  /** How long the counts have been growing, since the last change of weight. */
  readonly countedForMs: number;
  readonly verdict: {
    readonly kind: MetricVerdict['kind'] | 'none';
    /** One sentence. */
    readonly words: string;
    /** `7 more minutes at this rate`; null: decided, or it cannot be told. */
    readonly distance: string | null;
    /** In percent, for the whole stage. */
    readonly confidencePercent: number;
  };
  readonly metrics: readonly {
    readonly metric: string;
    readonly kind: MetricVerdict['kind'];
    readonly words: string;
    readonly distance: string | null;
  }[];
}

export interface EvidenceRow {
  readonly side: 'stable' | 'canary';
  readonly version: string;
  readonly image: string | null;
  readonly replicas: { readonly ready: number; readonly wanted: number } | null;
  readonly requests: number;
  readonly errors: number;
  /** Null while there are no requests. */
  readonly successRatePercent: number | null;
  /** What was in force while the counts grew; null: each version was counted at a time of its own. */
  readonly intendedSharePercent: number | null;
  /** What users really got; null while there are no requests, and where the versions did not serve side by side. */
  readonly observedSharePercent: number | null;
  readonly meanMs: number | null;
  readonly p95Ms: number | null;
  readonly maxMs: number | null;
}

export function evidenceTable(rollout: Rollout): EvidenceTable {
  const { facts, latest, baseline, verdict, spec, replaces, tally } = rollout;
  const countedBy = countingMetric(tally);
  const counts = countedBy === null ? null : (tally[countedBy] ?? null);
  const oldVersion = facts?.stable?.version ?? replaces;
  const canaryShare = shareWhileCounting(rollout, countedBy);
  const row = (side: 'stable' | 'canary', version: string): EvidenceRow =>
    evidenceRow(side, version, facts?.[side] ?? null, counts, canaryShare, latest?.latency[side] ?? null);
  return {
    rows: [...(oldVersion === null ? [] : [row('stable', oldVersion)]), row('canary', spec.version)],
    countedBy,
    countedForMs: latest === null || baseline === null ? 0 : Math.max(0, latest.at - baseline.at),
    verdict: {
      kind: verdict?.kind ?? 'none',
      words: verdict?.reason ?? 'nothing has been judged yet',
      distance: verdict === null ? null : longestDistance(verdict.metrics),
      confidencePercent: 100 * spec.work.confidence,
    },
    metrics: (verdict?.metrics ?? []).map((metric) => ({
      metric: metric.metric,
      kind: metric.kind,
      words: metric.reason,
      distance: distanceInWords(metric),
    })),
  };
}

/** `7 more minutes at this rate`, or `1,204 more requests to the new version` where no rate is known. */
function distanceInWords({ kind, moreMs, moreRequests }: MetricVerdict): string | null {
  if (kind !== 'need-more') return null;
  if (moreMs !== null) return `${formatDuration(moreMs).replace(' ', ' more ')} at this rate`;
  return moreRequests === null ? null : `${formatCount(moreRequests)} more requests to the new version`;
}

/** `errors` where it is measured: its total is all requests. Otherwise the first by name. */
function countingMetric(tally: Rollout['tally']): string | null {
  const counted = Object.keys(tally).filter((metric) => tally[metric]?.points === undefined);
  return counted.includes('errors') ? 'errors' : (counted.toSorted()[0] ?? null);
}

/**
 * The new version's intended share at the time of the counts. Traffic moves on after the last verdict, when the
 * version is promoted or rolled back, and the counts stay.
 */
function shareWhileCounting({ verdict, facts }: Rollout, countedBy: string | null): number | null {
  const judged = verdict?.metrics.find(({ metric }) => metric === countedBy) ?? verdict?.metrics[0];
  if (judged !== undefined) return judged.intendedSharePercent;
  return facts?.canary?.weightPercent ?? null;
}

function evidenceRow(
  side: 'stable' | 'canary',
  version: string,
  facts: SideFacts | null,
  counts: MetricTally | null,
  canaryShare: number | null,
  latency: LatencyReading | null,
): EvidenceRow {
  const requests = counts?.[side].requests ?? 0;
  const errors = counts?.[side].bad ?? 0;
  // With all the traffic on one version, the other one's counts are kept from before, as the reference.
  const isReference = canaryShare === 100 && (counts?.stable.requests ?? 0) > 0;
  const share = side === 'canary' || canaryShare === null ? canaryShare : 100 - canaryShare;
  const all = (counts?.stable.requests ?? 0) + (counts?.canary.requests ?? 0);
  return {
    side,
    version,
    image: facts?.image ?? null,
    replicas: facts === null ? null : { ready: facts.ready, wanted: facts.replicas },
    requests,
    errors,
    successRatePercent: requests === 0 ? null : (100 * Math.max(0, requests - errors)) / requests,
    intendedSharePercent: isReference && side === 'stable' ? null : share,
    observedSharePercent: all === 0 || isReference ? null : (100 * requests) / all,
    meanMs: latency?.meanMs ?? null,
    p95Ms: latency?.p95Ms ?? null,
    maxMs: latency?.maxMs ?? null,
  };
}

/** All metrics have to pass, so the farthest one counts; unknown if any of them is. */
function longestDistance(metrics: readonly MetricVerdict[]): string | null {
  const open = metrics.filter(({ kind }) => kind === 'need-more');
  const farthest = open.toSorted((a, b) => (b.moreMs ?? Infinity) - (a.moreMs ?? Infinity))[0];
  return farthest === undefined ? null : distanceInWords(farthest);
}
