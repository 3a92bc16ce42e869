import type { DeployWork } from '@sluice/pipelines/language/definition';
import type { DecisionView, RolloutPoint, RolloutView } from '@sluice/pipelines/protocol/api';
import type {
  ChosenTraffic,
  Decision,
  GuardFacts,
  LatencyReading,
  MetricTally,
  MetricVerdict,
  Rollout,
  RolloutPhase,
  Verdict,
} from '@sluice/pipelines/rollout/rollout-state';
import { digest } from './fixture-ids.ts';
import { deploy } from './fixture-plans.ts';

export interface RolloutSketch {
  readonly id: string;
  readonly runId: string;
  readonly now: number;
  readonly phase: RolloutPhase;
  readonly step: number;
  readonly weightPercent: number;
  readonly verdict: Verdict['kind'] | null;
  /** Bad requests of the new version, per thousand. */
  readonly badPerThousand: number;
  readonly decisions: readonly (readonly [kind: Decision['kind'], reason: string, by?: string])[];
  /** Default: a canary. */
  readonly work?: Partial<DeployWork>;
  readonly traffic?: ChosenTraffic;
  readonly guard?: GuardFacts;
}

export function aRollout(sketch: RolloutSketch): RolloutView {
  const { id, runId, now, phase, step, weightPercent } = sketch;
  const fresh = {
    requests: sketch.verdict === null ? 0 : 4_812,
    bad: Math.round(4.812 * sketch.badPerThousand),
  };
  const old = { requests: sketch.verdict === null ? 0 : 43_904, bad: 41 };
  const image = `registry.example.com/shop@sha256:${digest('image')}`;
  const side = (version: string, of: string, weight: number) => ({
    version,
    image: of,
    replicas: 4,
    ready: 4,
    weightPercent: weight,
    problem: null,
  });
  const rollout: Rollout = {
    spec: {
      environment: 'production',
      version: 'r417-3f2a91c',
      image,
      author: 'Mei Lin',
      work: { ...deploy('production', 'canary'), ...sketch.work },
    },
    startedAt: now - 1_500_000,
    phase,
    step,
    weightPercent,
    ...(sketch.traffic === undefined ? {} : { traffic: sketch.traffic }),
    ...(sketch.guard === undefined ? {} : { guard: sketch.guard }),
    facts: {
      stable: side('r412-88c0d1e', `registry.example.com/shop@sha256:${digest('old')}`, 100 - weightPercent),
      canary: phase.name === 'rolled-back' ? null : side('r417-3f2a91c', image, weightPercent),
      address: 'http://127.0.0.1:8088',
      weightStepPercent: 1,
    },
    replaces: 'r412-88c0d1e',
    preflight: {
      pastMs: 259_200_000,
      requestsPerSecond: 101.4,
      badShare: 0.0009,
      trials: 100,
      forecasts: [
        { times: 1, failed: 1, passed: 83, undecided: 16, medianMs: 420_000 },
        { times: 2, failed: 41, passed: 22, undecided: 37, medianMs: 780_000 },
        { times: 5, failed: 100, passed: 0, undecided: 0, medianMs: 260_000 },
      ],
      unknown: ['slow'],
      budget: { allowed: 18.2, expectedRequests: 182_000, safePercent: 0.6 },
    },
    lastAction: 14,
    pending: null,
    retrying: null,
    wakeAt: null,
    failures: 0,
    lastProblem: null,
    tries: 0,
    baseline: { at: now - 480_000, metrics: {}, latency: { stable: null, canary: null } },
    latest: {
      at: now - 4_000,
      metrics: {},
      latency: { stable: latency(42.1, 118, 904), canary: latency(43.6, 121, 812) },
    },
    tally: sketch.verdict === null || sketch.verdict === 'no-data' ? {} : { errors: tally(old, fresh) },
    verdict: sketch.verdict === null ? null : verdictOf(sketch.verdict, old, fresh, now, weightPercent || 10),
    votes: [],
    consecutiveErrors: 0,
  };
  const decisions = chain(sketch.decisions, now, rollout.verdict);
  return { id, runId, stage: 'production', revision: 1, rollout, decisions, history: history(sketch) };
}

const latency = (meanMs: number, p95Ms: number, maxMs: number): LatencyReading => ({ meanMs, p95Ms, maxMs });

function tally(stable: Counts, canary: Counts): MetricTally {
  const side = ({ requests, bad }: Counts) => ({ requests, bad, seen: null });
  return { stable: side(stable), canary: side(canary), perLook: { looks: 48, sum: 41, sumOfSquares: 60 } };
}

interface Counts {
  readonly requests: number;
  readonly bad: number;
}

const reasons: Record<Verdict['kind'], string> = {
  pass: 'errors: 4 of 4,812 on the new version against 41 of 43,904 on the old one; less than 1.5 times as many, with 95 % confidence.',
  fail: 'errors: 253 of 4,812 on the new version against 41 of 43,904 on the old one; more than 1.5 times as many, with 95 % confidence.',
  'need-more':
    'errors: 4 of 4,812 on the new version against 41 of 43,904 on the old one; neither better nor worse can be said yet.',
  'no-data':
    'errors: the query found no series for r417-3f2a91c. Check that the service exports them with its version.',
  error: 'errors: Prometheus at prometheus.example.com does not answer (connection refused).',
};

function verdictOf(
  kind: Verdict['kind'],
  stable: Counts,
  canary: Counts,
  now: number,
  share: number,
): Verdict {
  const errors: MetricVerdict = {
    metric: 'errors',
    kind,
    reason: reasons[kind],
    stable,
    canary,
    intendedSharePercent: share,
    observedSharePercent: kind === 'no-data' ? null : 9.9,
    failLogE: kind === 'no-data' ? null : kind === 'fail' ? 5.2 : 0.1,
    passLogE: kind === 'no-data' ? null : kind === 'pass' ? 3.4 : 1.6,
    threshold: 3.0,
    moreRequests: kind === 'need-more' ? 3_100 : null,
    moreMs: kind === 'need-more' ? 412_000 : null,
  };
  return { kind, reason: reasons[kind], at: now - 4_000, metrics: [errors, meanLatency(kind, share)] };
}

function meanLatency(kind: MetricVerdict['kind'], share: number): MetricVerdict {
  const open = kind === 'need-more' ? 'need-more' : 'pass';
  const shift = open === 'pass' ? 0.0004 : 0.0016;
  return {
    metric: 'mean_latency',
    kind: kind === 'no-data' ? kind : open,
    reason: `mean_latency 0.0${open === 'pass' ? 214 : 226} on r1043 against 0.021 on r1042 (medians of 20), higher by ${shift} (0.0001 to 0.0022), 0.0021 is allowed`,
    stable: { requests: 0, bad: 0 },
    canary: { requests: 0, bad: 0 },
    intendedSharePercent: share,
    observedSharePercent: null,
    failLogE: null,
    passLogE: null,
    threshold: 0,
    moreRequests: null,
    moreMs: null,
    looks: { passed: 2, failed: 0, withoutData: 1, errors: 0, at: 0 },
    points: {
      taken: 23,
      above: null,
      window: {
        pairs: 20,
        stableMedian: 0.021,
        canaryMedian: 0.0214,
        shift,
        shiftLow: 0.0001,
        shiftHigh: 0.0022,
        allowedShift: 0.0021,
        effect: 0.61,
        p: 0.08,
      },
    },
  };
}

function chain(
  decisions: RolloutSketch['decisions'],
  now: number,
  verdict: Verdict | null,
): readonly DecisionView[] {
  let previousHash: string | null = null;
  return decisions.map(([kind, reason, by = 'judge'], index) => {
    const hash = digest(`decision ${kind} ${index} ${previousHash ?? ''}`);
    const at = now - (decisions.length - index) * 240_000;
    const decision: DecisionView = {
      at,
      step: index,
      kind,
      by,
      reason,
      verdict,
      judge: '1',
      hash,
      previousHash,
    };
    previousHash = hash;
    return decision;
  });
}

function history({ now, verdict, weightPercent, badPerThousand }: RolloutSketch): readonly RolloutPoint[] {
  if (verdict === null) return [];
  return Array.from({ length: 150 }, (_, n): RolloutPoint => {
    const weight = n < 50 ? 1 : n > 140 ? weightPercent : Math.max(weightPercent, 10);
    const wave = 1 + Math.sin(n / 9) * 0.12 + ((n * 7_919) % 13) / 120;
    const requests = Math.round(1_000 * wave);
    const fresh = Math.round((requests * weight) / 100);
    return {
      at: now - (150 - n) * 10_000,
      weightPercent: weight,
      stable: { requests: requests - fresh, errors: n % 11 === 0 ? 2 : 1, meanMs: 42 * wave },
      canary: {
        requests: fresh,
        errors: Math.round((fresh * badPerThousand) / 1_000 + (n % 29 === 0 ? 1 : 0)),
        meanMs: 43 * wave + ((n * 31) % 7),
      },
    };
  });
}
