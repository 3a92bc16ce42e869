// The gate on the service's own last days: how often it would have failed a release as good as the old version, and
// how soon it would have caught one that is worse.
import type { DeployWork } from '../language/definition.ts';
import { analysesOf } from './analyses.ts';
import { budgetAt } from './blast-budget.ts';
import { decide } from './count-gate.ts';
import { evidenceThreshold, gateMetrics, rulesOf, type CountedMetric } from './gate-metrics.ts';
import { evidenceBeside } from './metric-evidence.ts';
import { dispersionOf, noSpread } from './metric-spread.ts';
import type { Forecast, Preflight } from './preflight-report.ts';
import { generator, poisson } from './random.ts';
import type { MetricHistory, PastHour } from './rollout-state.ts';

const trials = 100;
/** Of one analysis; a longer one is looked at less often than in earnest, which fails a little less. */
const mostLooks = 30;
const recentMs = 3_600_000;
const seed = 20_220_815;

/**
 * Null: there is no analysis, or the past of no metric is known.
 *
 * Each trial begins at a random moment of the past and goes through all analyses of the stage, at the request rate of
 * the last hour. At each look both versions get requests by their share, and bad ones by the service's own bad rate of
 * that moment, in bursts of φ (`dispersionOf`), the new version `times` as many. Verdicts are those of the gate.
 */
export function preflight(
  work: DeployWork,
  days: Readonly<Record<string, MetricHistory>>,
  past: Readonly<Record<string, PastHour>>,
): Preflight | null {
  const analyses = analysesOf(work.steps);
  const metrics = gateMetrics(work);
  const deciding = Object.entries(metrics).filter(([, { dryRun }]) => !dryRun);
  const sources = deciding.flatMap(([name, spec]): Source[] => {
    const history = Object.hasOwn(days, name) ? days[name] : undefined;
    if (spec.kind === 'points' || history === undefined || sum(history.requests) === 0) return [];
    const spread = Object.hasOwn(past, name) ? past[name]?.spread : undefined;
    return [
      {
        name,
        spec,
        ...rates(history),
        burst: spread === undefined ? 1 : dispersionOf({ ...noSpread, before: spread }),
        threshold: evidenceThreshold(spec, metrics, work.confidence),
      },
    ];
  });
  const [main] = sources.toSorted((a, b) => Number(b.name === 'errors') - Number(a.name === 'errors'));
  if (main === undefined || analyses.length === 0) return null;
  return {
    pastMs: main.everyMs * main.badShares.length,
    requestsPerSecond: main.perMs * 1_000,
    badShare: main.badShare,
    trials,
    forecasts: ([1, 2, 5] as const).map((times) => forecast(work, analyses, sources, times)),
    unknown: deciding.map(([name]) => name).filter((name) => !sources.some((each) => each.name === name)),
    budget: budgetAt(work, main.perMs),
  };
}

interface Source {
  readonly name: string;
  readonly spec: CountedMetric;
  readonly everyMs: number;
  /** By interval of the past. */
  readonly badShares: readonly number[];
  readonly badShare: number;
  /** Requests, lately. */
  readonly perMs: number;
  readonly burst: number;
  readonly threshold: number;
}

type Analysis = ReturnType<typeof analysesOf>[number];

function rates({
  everyMs,
  requests,
  bad,
}: MetricHistory): Pick<Source, 'everyMs' | 'badShares' | 'badShare' | 'perMs'> {
  const badShare = Math.min(1, sum(bad) / sum(requests));
  const recent = requests.slice(-Math.max(1, Math.round(recentMs / everyMs)));
  return {
    everyMs,
    badShare,
    badShares: requests.map((count, index) =>
      count === 0 ? badShare : Math.min(1, (bad[index] ?? 0) / count),
    ),
    perMs: sum(recent) / (recent.length * everyMs),
  };
}

function forecast(
  work: DeployWork,
  analyses: readonly Analysis[],
  sources: readonly Source[],
  times: Forecast['times'],
): Forecast {
  const random = generator(seed + times);
  const ends = Array.from({ length: trials }, () => tryOnce(work, analyses, sources, times, random));
  const caught = ends.flatMap((end) => (end.kind === 'failed' ? [end.ms] : [])).toSorted((a, b) => a - b);
  return {
    times,
    failed: caught.length,
    passed: ends.filter(({ kind }) => kind === 'passed').length,
    undecided: ends.filter(({ kind }) => kind === 'undecided').length,
    medianMs: caught[Math.floor(caught.length / 2)] ?? null,
  };
}

type End = { readonly kind: 'failed'; readonly ms: number } | { readonly kind: 'passed' | 'undecided' };

function tryOnce(
  work: DeployWork,
  analyses: readonly Analysis[],
  sources: readonly Source[],
  times: number,
  random: () => number,
): End {
  const start = random();
  let ms = 0;
  for (const { percent, forMs } of analyses) {
    const found = analyse(work.intervalMs, { percent, forMs }, sources, times, { start, ms, random });
    if (found.kind !== 'passed') return found;
    ms += found.ms;
  }
  return { kind: 'passed' };
}

/** One analysis of all metrics, from `ms` after the trial's beginning on. */
function analyse(
  intervalMs: number,
  { percent, forMs }: Analysis,
  sources: readonly Source[],
  times: number,
  { start, ms, random }: { readonly start: number; readonly ms: number; readonly random: () => number },
): { readonly kind: 'failed' | 'passed'; readonly ms: number } | { readonly kind: 'undecided' } {
  const share = percent / 100;
  const everyMs = Math.max(intervalMs, forMs / mostLooks);
  const counted = sources.map((source) => ({ source, counts: nothingYet(), hasPassed: false }));
  for (let passedMs = everyMs; passedMs <= forMs; passedMs += everyMs) {
    for (const each of counted) {
      const { source } = each;
      if (passedMs <= rulesOf(source.spec).initialDelayMs) continue;
      each.counts = look(each.counts, source, {
        share,
        times,
        requests: source.perMs * everyMs,
        badShare: badShareAt(source, start, ms + passedMs),
        random,
      });
      const evidence = evidenceBeside(source.spec, { ...each.counts, dispersion: source.burst });
      const verdict = evidence === null ? 'need-more' : decide(evidence, source.threshold);
      if (verdict === 'fail') return { kind: 'failed', ms: ms + passedMs };
      each.hasPassed ||= verdict === 'pass';
    }
    if (counted.every(({ hasPassed }) => hasPassed)) return { kind: 'passed', ms: passedMs };
  }
  return { kind: 'undecided' };
}

interface Counts {
  readonly stable: { readonly requests: number; readonly bad: number };
  readonly canary: { readonly requests: number; readonly bad: number };
}

const nothingYet = (): Counts => ({ stable: { requests: 0, bad: 0 }, canary: { requests: 0, bad: 0 } });

function look(
  before: Counts,
  { burst }: Source,
  now: {
    readonly share: number;
    readonly times: number;
    readonly requests: number;
    readonly badShare: number;
    readonly random: () => number;
  },
): Counts {
  const add = (side: Counts['stable'], requests: number, badShare: number): Counts['stable'] => ({
    requests: side.requests + requests,
    bad: side.bad + Math.min(requests, burst * poisson((requests * badShare) / burst, now.random)),
  });
  return {
    stable: add(before.stable, now.requests * (1 - now.share), now.badShare),
    canary: add(before.canary, now.requests * now.share, Math.min(1, now.badShare * now.times)),
  };
}

/** `start`: 0 to 1, where in the past the trial begins; behind the end of the past comes its beginning. */
function badShareAt({ badShares, everyMs }: Source, start: number, ms: number): number {
  const index = Math.floor(start * badShares.length + ms / everyMs) % badShares.length;
  return badShares[index] ?? 0;
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
