// `asking-hooks`: before the rollout, before the first traffic, before the promotion, and when all is over.
import type { Hook } from '../../language/definition.ts';
import { unreachable } from '../../result.ts';
import { whyBudgetSpent } from '../blast-budget.ts';
import { because, finishWith, refuse, rollBack } from '../endings.ts';
import { promoteNow } from '../enter-step.ts';
import { formatDuration } from '../figures.ts';
import { hooksOf, refusal, type Answer } from '../hooks.ts';
import { look } from '../look.ts';
import { act, andThen, change, say, stay, wake, type Move } from '../move.ts';
import { absorb, whyUnhealthy } from '../reading.ts';
import type { AskingHooks, Rollout } from '../rollout-state.ts';
import { startReplacingNow } from '../start-deploying.ts';
import { deadlineOf } from '../timing.ts';
import { beginSteps } from './deploying.ts';
import type { PhaseRules } from './phase-rules.ts';
import { describe } from './retry.ts';

export const askingHooks: PhaseRules<AskingHooks> = {
  /** Users are on the new version while its promotion is waited for, so it is still watched. */
  done: (before, phase, done, _what, at) => {
    const rollout = absorb(before, done, true);
    const wrong = whyUnhealthy(rollout) ?? whyBudgetSpent(rollout);
    if (wrong !== null) return rollBack(rollout, because(wrong), at);
    const verdict = done.observation === null ? null : look(rollout, 'beside');
    if (verdict?.kind === 'fail') {
      return rollBack({ ...rollout, verdict }, because(verdict.reason, verdict), at);
    }
    return askAgain(rollout, phase, at);
  },
  answered: (rollout, phase, answer, at) => hear(rollout, phase, answer, at),
  failed: (rollout, phase, failed, what, at) => {
    const silent = { result: 'answered', agrees: false, message: describe(failed, what) } as const;
    return hear(rollout, phase, silent, at);
  },
  woken: (rollout, phase, at) =>
    phase.type === 'confirm-promotion'
      ? act(stay(rollout), { kind: 'observe' })
      : askAgain(rollout, phase, at),
  overdue: (rollout, phase, at) => {
    if (phase.type === 'post-rollout') return goOn(rollout, phase, at);
    const hook = hooksOf(rollout, phase.type)[phase.index];
    const reason = `the hook "${hook?.name ?? ''}" (${phase.type}) had not agreed after ${formatDuration(at - phase.since)}`;
    return phase.type === 'confirm-rollout'
      ? refuse(rollout, reason, at, 'failed')
      : rollBack(rollout, because(reason), at);
  },
};

function hear(rollout: Rollout, phase: AskingHooks, answer: Answer, at: number): Move {
  const hook = hooksOf(rollout, phase.type)[phase.index];
  if (hook === undefined) return goOn(rollout, phase, at);
  if (!answer.agrees && phase.type !== 'post-rollout') return refused(rollout, phase, hook, answer, at);
  const line = answer.agrees ? `the hook "${hook.name}" (${phase.type}) agrees` : refusal(hook, answer);
  return andThen(say(stay(rollout), line), (told) => askNext(told, phase, at));
}

function askAgain(rollout: Rollout, phase: AskingHooks, at: number): Move {
  const hook = hooksOf(rollout, phase.type)[phase.index];
  return hook === undefined
    ? goOn(rollout, phase, at)
    : act(stay(rollout), { kind: 'call-hook', hook: hook.name });
}

function askNext(rollout: Rollout, phase: AskingHooks, at: number): Move {
  const next = { ...phase, index: phase.index + 1 };
  return askAgain({ ...rollout, phase: next, tries: 0 }, next, at);
}

/** Confirmations are waited for; what runs before the first traffic has its retries. */
function refused(rollout: Rollout, phase: AskingHooks, hook: Hook, answer: Answer, at: number): Move {
  const tries = rollout.tries + 1;
  const reason = refusal(hook, answer);
  if (phase.type === 'pre-rollout' && tries > hook.retries) return rollBack(rollout, because(reason), at);
  const counted = change(stay(rollout), { tries });
  const told = tries === 1 ? say(counted, `${reason}; asking again`) : counted;
  const end = deadlineOf(rollout) ?? Infinity;
  return wake(told, Math.min(at + rollout.spec.work.intervalMs, Math.max(end, at)));
}

/** All have agreed. */
function goOn(rollout: Rollout, phase: AskingHooks, at: number): Move {
  switch (phase.type) {
    case 'confirm-rollout':
      return startReplacingNow(rollout, at);
    case 'pre-rollout':
      return beginSteps(rollout, at);
    case 'confirm-promotion':
      return promoteNow(rollout, at, phase.promotion ?? 'every hook agrees');
    case 'post-rollout':
      return finishWith(rollout, phase.ending ?? { kind: 'succeeded', line: 'the rollout is over' }, at);
    default:
      return unreachable(phase.type);
  }
}
