import type { FailureClass, MetricSpec } from '../../language/definition.ts';
import { analysesOf } from '../analyses.ts';
import { finishWith, refuse } from '../endings.ts';
import { gateMetrics, hasTest } from '../gate-metrics.ts';
import { whyUnguarded } from '../guarded.ts';
import { act, andThen, say, stay, type Move } from '../move.ts';
import { preflight } from '../preflight.ts';
import { preflightLines } from '../preflight-lines.ts';
import { absorb, isReady } from '../reading.ts';
import type { Observation, Rollout, TargetFacts } from '../rollout-state.ts';
import { whyNeverInTime } from '../outlook.ts';
import { whyCannotRoute } from '../router-abilities.ts';
import { startReplacing } from '../start-deploying.ts';
import { trafficOfStep } from '../traffic.ts';
import type { PhaseNamed, PhaseRules } from './phase-rules.ts';
import { describe, retry } from './retry.ts';

/** Nothing is changed before it is clear that the rollout can be judged. */
export const inspecting: PhaseRules<PhaseNamed<'inspecting'>> = {
  done: (before, _phase, done, what, at) => {
    const rollout = withPreflight(absorb(before, done), done.observation);
    if (done.facts.stable?.version === rollout.spec.version) return alreadyThere(rollout, done.facts, at);
    const impossible = whyNotHere(rollout, done.facts) ?? whyUnguarded(rollout);
    if (impossible !== null) return refuse(rollout, impossible, at, 'failed');
    if (!willAnalyse(rollout, done.facts)) return startReplacing(rollout, done.facts, at);
    const useless = whyNeverDecides(gateMetrics(rollout.spec.work));
    if (useless !== null) return refuse(rollout, useless, at, 'failed');
    if (done.observation === null && what.kind === 'inspect') return act(stay(rollout), askPast);
    const problem = whyUnmeasurable(rollout, done.observation);
    if (problem === null) {
      const hopeless = whyNeverInTime(rollout);
      return hopeless === null
        ? andThen(tellPreflight(rollout), (told) => startReplacing(told, done.facts, at))
        : andThen(tellPreflight(rollout), (told) => refuse(told, hopeless, at, 'failed'));
    }
    return problem.mayPass && before.tries < mostReadings
      ? retry({ ...rollout, tries: before.tries + 1, failures: before.tries }, askPast, problem.reason, at)
      : refuse(rollout, problem.reason, at, 'failed');
  },
  failed: (rollout, _phase, failed, what, at) =>
    failed.retryable
      ? retry(rollout, what, describe(failed, what), at)
      : refuse(rollout, describe(failed, what), at, classOf(failed.reason)),
  woken: (rollout) => act(stay(rollout), { kind: 'inspect' }),
  overdue: (rollout, _phase, at) =>
    refuse(rollout, rollout.lastProblem ?? 'the target did not answer in time', at, 'infrastructure'),
};

/** From the first answer about the past: later ones would be about the rollout's own time. */
function withPreflight(rollout: Rollout, observation: Observation | null): Rollout {
  if (observation?.days === undefined || rollout.preflight !== undefined) return rollout;
  const found = preflight(rollout.spec.work, observation.days, rollout.past ?? {});
  return found === null ? rollout : { ...rollout, preflight: found };
}

/** What to expect of the gate, before anything is deployed. */
function tellPreflight(rollout: Rollout): Move {
  const { preflight, spec } = rollout;
  if (preflight === undefined) return stay(rollout);
  const [first] = analysesOf(spec.work.steps);
  const lines = preflightLines(preflight, first?.percent ?? null);
  return lines.reduce((move, line) => say(move, line), stay(rollout));
}

const askPast = { kind: 'observe', history: true } as const;

/** A metric whose query fails this often in a row before anything was deployed is refused. */
const mostReadings = 3;

function alreadyThere(rollout: Rollout, facts: TargetFacts, at: number): Move {
  const { version } = rollout.spec;
  return isReady(facts.stable)
    ? finishWith(
        rollout,
        { kind: 'succeeded', line: `${version} is already the stable version, with all replicas ready` },
        at,
      )
    : refuse(
        rollout,
        `${version} is already the stable version, but not all its replicas are ready`,
        at,
        'failed',
      );
}

/** Without an old version no step applies; where one does, the router must be able to do it. */
function whyNotHere({ spec }: Rollout, { stable, can }: TargetFacts): string | null {
  const { steps, strategy, afterwards } = spec.work;
  if (stable === null) {
    const ends = `strategy: ${strategy} with afterwards: end only compares`;
    return afterwards === 'end' ? `nothing runs in ${spec.environment} yet, and ${ends}` : null;
  }
  const reasons = steps.map((step) => whyCannotRoute(trafficOfStep(step), can));
  return reasons.find((reason) => reason !== null) ?? null;
}

function willAnalyse({ spec }: Rollout, facts: TargetFacts): boolean {
  return facts.stable !== null && spec.work.steps.some((step) => step.kind === 'analysis');
}

function whyNeverDecides(metrics: Readonly<Record<string, MetricSpec>>): string | null {
  for (const [metric, spec] of Object.entries(metrics)) {
    if (!hasTest(spec) && !spec.dryRun) {
      return `the metric "${metric}" has neither worse_than nor limit, so the analysis could never end; add one`;
    }
  }
  return Object.values(metrics).every((spec) => spec.dryRun)
    ? 'every metric is a dry run, so the analysis could never end; remove dry_run from one of them'
    : null;
}

function whyUnmeasurable(
  { spec }: Rollout,
  observation: Observation | null,
): { readonly reason: string; readonly mayPass: boolean } | null {
  if (observation === null) return { reason: cannotMeasure(spec.environment), mayPass: false };
  for (const [metric, metricSpec] of Object.entries(gateMetrics(spec.work))) {
    const reading = Object.hasOwn(observation.metrics, metric) ? observation.metrics[metric] : undefined;
    if (metricSpec.dryRun) continue;
    if (reading === undefined) {
      const reason = `the environment "${spec.environment}" does not report the metric "${metric}"; define it under metrics, or remove the analysis steps`;
      return { reason, mayPass: false };
    }
    if (reading.kind === 'error') {
      return { reason: `the metric "${metric}" cannot be read: ${reading.message}`, mayPass: true };
    }
  }
  return null;
}

const cannotMeasure = (environment: string): string =>
  `the environment "${environment}" measures nothing, so an analysis could never end; give it a source of metrics, or remove the analysis steps`;

function classOf(reason: string): FailureClass {
  if (reason === 'target-unreachable') return 'infrastructure';
  return reason === 'image-not-found' ? 'image-pull' : 'failed';
}
