// Time passes at one weight: `paused`, `analysing`, `held`, `awaiting-approval` and `frozen`. In all of them the metrics are
// watched, and a verdict of `fail` rolls back at once.
import { whyBudgetSpent } from '../blast-budget.ts';
import { because, rollBack } from '../endings.ts';
import { enterStep, lookOn } from '../enter-step.ts';
import { formatDuration } from '../figures.ts';
import { act, decideTo, enter, say, stay, andThen, type Move } from '../move.ts';
import type { Hook } from '../../language/definition.ts';
import { gateMetrics, rulesOf } from '../gate-metrics.ts';
import { hookNamed, hooksOf, refusal, type Answer } from '../hooks.ts';
import { look, looksAfter } from '../look.ts';
import { whyMetricGivenUp } from '../look-counts.ts';
import { absorb, isLate, whyUnhealthy, type Done } from '../reading.ts';
import type { Rollout, Verdict } from '../rollout-state.ts';
import type { PhaseNamed, PhaseRules } from './phase-rules.ts';
import { describe } from './retry.ts';

type Soaking =
  | PhaseNamed<'paused'>
  | PhaseNamed<'analysing'>
  | PhaseNamed<'held'>
  | PhaseNamed<'awaiting-approval'>
  | PhaseNamed<'frozen'>;

/** Failures to read the target or its metrics at all, in a row, after which a person is called. */
const mostErrors = 5;
const newsEveryMs = 30_000;

interface Soak<Phase> {
  /** The phase's end, if it has one. */
  readonly endOf: (phase: Phase) => number | null;
  /** A verdict that is not `fail`; `verdict.kind` is `error` also when the target could not be read. */
  readonly judged: (rollout: Rollout, phase: Phase, verdict: Verdict, at: number) => Move;
  /** The end has come. */
  readonly ended: (rollout: Rollout, phase: Phase, at: number) => Move;
}

export function soak<Phase extends Soaking>(own: Soak<Phase>): PhaseRules<Phase> {
  const judged = (rollout: Rollout, phase: Phase, verdict: Verdict, at: number): Move => {
    const consecutiveErrors = verdict.kind === 'error' ? rollout.consecutiveErrors + 1 : 0;
    const seen = { ...rollout, verdict, consecutiveErrors, looks: looksAfter(rollout, verdict) };
    if (verdict.kind === 'fail') return rollBack(seen, because(verdict.reason, verdict), at);
    return andThen(news(rollout, seen, phase, at), (next) => askBeside(next, phase, at));
  };
  /** Hooks have their say after every look, and then it is decided what follows. */
  const askBeside = (rollout: Rollout, phase: Phase, at: number, after?: string): Move => {
    const hooks = hooksOf(rollout, 'rollout', 'rollback');
    const next = hooks[hooks.findIndex(({ name }) => name === after) + 1];
    if (next !== undefined) return act(stay(rollout), { kind: 'call-hook', hook: next.name });
    return own.judged(rollout, phase, rollout.verdict ?? unread(noMetrics, at), at);
  };
  const answered = (rollout: Rollout, phase: Phase, answer: Answer, at: number, name: string): Move => {
    const hook = hookNamed(rollout, name);
    if (hook === undefined) return askBeside(rollout, phase, at, name);
    const heard = withAnswer(rollout, hook, answer);
    const back = whyHookEndsIt(heard, hook, answer);
    if (back !== null) return rollBack(heard, because(back), at);
    const isNews = hook.type === 'rollout' && !answer.agrees;
    const told = isNews ? say(stay(heard), `${refusal(hook, answer)}; let pass`) : stay(heard);
    return andThen(told, (next) => askBeside(next, phase, at, name));
  };
  return {
    done: (before, phase, done, _what, at) => {
      const rollout = absorb(before, done, true);
      const unhealthy = whyUnhealthy(rollout);
      if (unhealthy !== null) return rollBack(rollout, because(unhealthy), at);
      const spent = whyBudgetSpent(rollout);
      if (spent !== null) return rollBack(rollout, because(spent), at);
      const unusable = whyUnusable(before, done);
      if (unusable !== null) return judged(rollout, phase, unread(unusable, at), at);
      return judged(rollout, phase, look(rollout, 'beside') ?? unread(noMetrics, at), at);
    },
    answered,
    failed: (rollout, phase, failed, what, at) => {
      const problem = describe(failed, what);
      if (what.kind === 'call-hook') {
        const silent = { result: 'answered', agrees: false, message: problem } as const;
        return answered(rollout, phase, silent, at, what.hook);
      }
      return failed.retryable
        ? judged(rollout, phase, unread(problem, at), at)
        : rollBack(rollout, because(problem), at);
    },
    woken: (rollout, phase, at) => {
      const end = own.endOf(phase);
      return end !== null && at >= end
        ? own.ended(rollout, phase, at)
        : act(stay(rollout), { kind: 'observe' });
    },
    overdue: (rollout, _phase, at) => {
      const limit = formatDuration(rollout.spec.work.deadlineMs);
      return rollBack(
        rollout,
        because(`not finished within its deadline of ${limit}${lastWord(rollout)}`),
        at,
      );
    },
  };
}

export const paused = soak<PhaseNamed<'paused'>>({
  endOf: (phase) => phase.until,
  judged: (rollout, phase, _verdict, at) =>
    phase.until !== null && at >= phase.until
      ? enterStep(rollout, rollout.step + 1, at)
      : lookOn(stay(rollout), at, phase.until),
  /** A guard hears of the engine also between pauses that are shorter than the interval. */
  ended: (rollout, _phase, at) =>
    rollout.spec.work.guard === undefined
      ? enterStep(rollout, rollout.step + 1, at)
      : act(stay(rollout), { kind: 'observe' }),
});

export const awaitingApproval = soak<PhaseNamed<'awaiting-approval'>>({
  endOf: (phase) => phase.expiresAt,
  judged: (rollout, phase, _verdict, at) =>
    at >= phase.expiresAt ? expire(rollout, phase, at) : lookOn(stay(rollout), at, phase.expiresAt),
  ended: (rollout, phase, at) => expire(rollout, phase, at),
});

export const analysing = soak<PhaseNamed<'analysing'>>({
  /** The verdict needs a last look, so the end is found by `judged`. */
  endOf: () => null,
  judged: (rollout, phase, verdict, at) => {
    const isOver = at >= phase.until;
    if (verdict.kind === 'pass' && (isOver || !takesItsTime(rollout))) return goOn(rollout, verdict, at);
    const givenUp = whyGivenUp(rollout, verdict);
    if (givenUp !== null) return hold(rollout, verdict, givenUp, at);
    return isOver ? conclude(rollout, verdict, at) : lookOn(stay(rollout), at, phase.until);
  },
  ended: (rollout) => stay(rollout),
});

export const held = soak<PhaseNamed<'held'>>({
  endOf: () => null,
  judged: (rollout, phase, verdict, at) => {
    if (verdict.kind === 'pass') return goOn(rollout, verdict, at);
    const canBeReadAgain = phase.cause === 'query-errors' && verdict.kind !== 'error';
    return canBeReadAgain ? analyseAgain(rollout, at) : lookOn(stay(rollout), at, null);
  },
  ended: (rollout) => stay(rollout),
});

function takesItsTime({ spec, step }: Rollout): boolean {
  const under = spec.work.steps[step];
  return under?.kind === 'analysis' && under.whole === true;
}

function goOn(rollout: Rollout, verdict: Verdict, at: number): Move {
  const decided = decideTo(stay(rollout), 'continue', at, verdict.reason, 'judge', verdict);
  const said = say(decided, `passed: ${verdict.reason}`);
  return andThen(said, (passed) => enterStep(passed, passed.step + 1, at));
}

/** The analysis is over and the evidence is not enough. */
function conclude(rollout: Rollout, verdict: Verdict, at: number): Move {
  const { noData, onInconclusive } = rollout.spec.work;
  if (verdict.kind === 'no-data' && noData === 'fail') {
    return rollBack(
      rollout,
      because(`no data counts as failure here (no_data: fail): ${verdict.reason}`, verdict),
      at,
    );
  }
  if (onInconclusive === 'abort') {
    return rollBack(
      rollout,
      because(`inconclusive (on_inconclusive: abort): ${verdict.reason}`, verdict),
      at,
    );
  }
  return hold(rollout, verdict, 'inconclusive', at);
}

function hold(rollout: Rollout, verdict: Verdict, cause: PhaseNamed<'held'>['cause'], at: number): Move {
  const { reason } = verdict;
  const entered = enter(stay(rollout), { name: 'held', since: at, reason, cause });
  const decided = decideTo(entered, 'hold', at, reason, 'judge', verdict);
  const remedy = 'resume to go on without more evidence, or abort';
  return lookOn(say(decided, `held, a person has to decide: ${reason} (${remedy})`), at, null);
}

/** The step gets its time again, since nothing was seen of the first. */
function analyseAgain(rollout: Rollout, at: number): Move {
  const step = rollout.spec.work.steps[rollout.step];
  const until = at + (step?.kind === 'analysis' ? step.forMs : 0);
  const entered = enter(stay(rollout), { name: 'analysing', since: at, until });
  const reason = 'the metrics can be read again';
  const decided = decideTo(entered, 'continue', at, reason, 'judge', rollout.verdict);
  return lookOn(say(decided, `${reason}: analysing for up to ${formatDuration(until - at)}`), at, until);
}

function expire(rollout: Rollout, phase: PhaseNamed<'awaiting-approval'>, at: number): Move {
  const step = rollout.spec.work.steps[rollout.step];
  const needed = step?.kind === 'approve' ? step.approval.count : 1;
  const waited = formatDuration(phase.expiresAt - phase.since);
  return rollBack(
    rollout,
    because(`approval expired: ${rollout.votes.length} of ${needed} within ${waited}`),
    at,
  );
}

function withAnswer(rollout: Rollout, { name }: Hook, { agrees }: Answer): Rollout {
  const before = Object.hasOwn(rollout.refusals ?? {}, name) ? (rollout.refusals?.[name] ?? 0) : 0;
  return { ...rollout, refusals: { ...rollout.refusals, [name]: agrees ? 0 : before + 1 } };
}

function whyHookEndsIt({ refusals = {} }: Rollout, hook: Hook, answer: Answer): string | null {
  if (hook.type === 'rollback') {
    return answer.agrees ? `the hook "${hook.name}" (rollback) asks for it: ${answer.message}` : null;
  }
  return (refusals[hook.name] ?? 0) > hook.retries ? refusal(hook, answer) : null;
}

const noMetrics = 'the target reported no metrics';

function whyUnusable(before: Rollout, { observation }: Done): string | null {
  if (observation === null) return noMetrics;
  return isLate(before, observation)
    ? 'the metrics are from before the last look: the clocks of the workers differ'
    : null;
}

/**
 * The target could not be read too often in a row, or a metric that decides has had more errors in a row, or looks
 * without data, than its rules let pass. Null: it goes on.
 */
function whyGivenUp(
  { spec, consecutiveErrors }: Rollout,
  verdict: Verdict,
): PhaseNamed<'held'>['cause'] | null {
  if (verdict.metrics.length === 0) return consecutiveErrors >= mostErrors ? 'query-errors' : null;
  const metrics = gateMetrics(spec.work);
  const causes = verdict.metrics.flatMap(({ metric, looks }) => {
    const metricSpec = Object.hasOwn(metrics, metric) ? metrics[metric] : undefined;
    if (metricSpec === undefined || metricSpec.dryRun || looks === undefined) return [];
    return whyMetricGivenUp(looks, rulesOf(metricSpec)) ?? [];
  });
  return causes.find((cause) => cause === 'query-errors') ?? causes[0] ?? null;
}

/** The target or its metrics could not be read: counts for nothing but the row of errors. */
function unread(reason: string, at: number): Verdict {
  return { kind: 'error', reason, at, metrics: [] };
}

/** The state of the evidence goes to the log when its kind changes, and every half minute. */
function news(before: Rollout, now: Rollout, phase: Soaking, at: number): Move {
  const { verdict, latest } = now;
  if (verdict === null || (verdict.kind === 'pass' && !takesItsTime(now))) return stay(now);
  const hasChanged = before.verdict?.kind !== verdict.kind;
  const beat = (time: number) => Math.floor((time - phase.since) / newsEveryMs);
  const isDue = latest !== null && beat(at) !== beat(before.verdict?.at ?? at);
  return phase.name === 'analysing' && (hasChanged || isDue) ? say(stay(now), verdict.reason) : stay(now);
}

const lastWord = ({ verdict }: Rollout): string => (verdict === null ? '' : `; last: ${verdict.reason}`);
