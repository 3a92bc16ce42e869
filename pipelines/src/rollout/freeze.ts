// Freeze windows hold a rollout before it begins and before more traffic reaches the new version. What is measured
// meanwhile still rolls it back.
import { formatDuration, formatPercent } from './figures.ts';
import { wallClock } from '../cron/time-zone.ts';
import { freezeAt, isFrozen, type Freeze } from '../freeze/freeze-at.ts';
import type { RolloutStep } from '../language/definition.ts';
import { change, decideTo, enter, say, wake, type Move } from './move.ts';
import type { Rollout, RolloutPhase } from './rollout-state.ts';

/** What a frozen rollout waits to do. */
export type FrozenBefore = Extract<RolloutPhase, { readonly name: 'frozen' }>['next'];

export function isHeld({ freeze, passesFreeze }: Rollout, at: number): boolean {
  return freeze !== undefined && passesFreeze === undefined && isFrozen(freeze, at);
}

/** What holds the rollout now; null: nothing. */
export function freezeOf(rollout: Rollout, at: number): Freeze | null {
  return rollout.freeze === undefined || !isHeld(rollout, at) ? null : freezeAt(rollout.freeze, at);
}

/** Holds before `next`; null where nothing does. Who has stopped the old version already has to serve again soon. */
export function holdIfFrozen(move: Move, next: FrozenBefore, at: number): Move | null {
  const hasBegun = next.kind === 'step' || next.kind === 'promotion';
  if (hasBegun && move.rollout.spec.work.strategy === 'recreate') return null;
  const freeze = freezeOf(move.rollout, at);
  return freeze === null ? null : hold(move, freeze, next, at);
}

/** Holds before traffic is moved, or moved once more, by a step or a promotion that was decided before the freeze. */
export function holdShift(move: Move, at: number): Move | null {
  const { phase, step, spec } = move.rollout;
  if (phase.name === 'promoting') {
    return holdIfFrozen(move, { kind: 'promotion', reason: 'decided before the freeze' }, at);
  }
  const present = spec.work.steps[step];
  if (phase.name !== 'setting-weight' || present === undefined) return null;
  return givesTraffic(move.rollout, present) ? holdIfFrozen(move, { kind: 'step', step }, at) : null;
}

/** Whether a step lets more traffic reach the new version than the target has last reported. */
export function givesTraffic({ facts, traffic }: Rollout, step: RolloutStep): boolean {
  switch (step.kind) {
    case 'pause':
    case 'analysis':
    case 'approve':
      return false;
    case 'set-weight':
      return step.percent > (facts?.canary?.weightPercent ?? 0);
    case 'set-route':
      return step.match.length > 0;
    case 'set-mirror':
      return step.percent > (traffic?.mirrorPercent ?? 0);
  }
}

/** The end of the freeze is looked for again at least this often: windows may have none in sight. */
const longestLookMs = 3_600_000;

/** The next look: at the end of the freeze, or before at the metrics of what runs already. */
export function watchFreeze(move: Move, at: number): Move {
  const { phase, spec } = move.rollout;
  if (phase.name !== 'frozen') return move;
  const isMeasured = phase.next.kind === 'step' || phase.next.kind === 'promotion';
  const restMs = isMeasured ? spec.work.intervalMs : longestLookMs;
  return wake(move, Math.min(at + restMs, phase.until ?? Infinity));
}

/** `production is frozen until 2026-11-23 08:00 (Asia/Shanghai) by the window "weekend": no releases` */
export function freezeInWords(environment: string, { window, until, reason, timezone }: Freeze): string {
  const end = until === null ? 'with no end in sight' : `until ${wallClock(timezone, until)} (${timezone})`;
  const by = window === null ? 'outside of its release windows' : `by the window "${window}"`;
  return `${environment} is frozen ${end} ${by}: ${reason}`;
}

function hold(move: Move, freeze: Freeze, next: FrozenBefore, at: number): Move {
  const { until, window, reason } = freeze;
  const entered = enter(move, { name: 'frozen', since: at, until, window, reason, next });
  const why = freezeInWords(move.rollout.spec.environment, freeze);
  const decided = decideTo(
    entered,
    'freeze',
    at,
    `${why}; waiting before ${nextInWords(move.rollout, next)}`,
  );
  const left = until === null ? '' : `, for ${formatDuration(until - at)}`;
  return watchFreeze(say(decided, `${why}; waiting before ${nextInWords(move.rollout, next)}${left}`), at);
}

function nextInWords({ spec }: Rollout, next: FrozenBefore): string {
  switch (next.kind) {
    case 'start':
      return 'anything is deployed';
    case 'promotion':
      return `${spec.version} gets all the traffic`;
    case 'wave':
      return `wave ${next.wave + 1}`;
    case 'step': {
      const step = spec.work.steps[next.step];
      return step?.kind === 'set-weight'
        ? `${spec.version} gets ${formatPercent(step.percent)} of the traffic`
        : `step ${next.step + 1}`;
    }
  }
}

/** Other windows, while it is frozen; null: it is not any more. */
export function freezeAgain(move: Move, at: number): Move | null {
  const { phase } = move.rollout;
  const freeze = freezeOf(move.rollout, at);
  if (phase.name !== 'frozen' || freeze === null) return null;
  const { until, window, reason } = freeze;
  if (until === phase.until && window === phase.window && reason === phase.reason)
    return watchFreeze(move, at);
  const still = change(move, { phase: { ...phase, until, window, reason } });
  return watchFreeze(say(still, freezeInWords(move.rollout.spec.environment, freeze)), at);
}
