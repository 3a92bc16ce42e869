// Stored events tell the whole story again: what was decided, and what another judge or other settings would have.
import { canonicalJson } from '../canonical-json.ts';
import { advanceRollout, isTerminal, startRollout } from './advance-rollout.ts';
import { formatDuration } from './figures.ts';
import { askedTraffic, matchInWords } from './traffic.ts';
import type { Decision, Rollout, RolloutAction, RolloutEvent, RolloutSpec } from './rollout-state.ts';

export interface Replay {
  readonly rollout: Rollout;
  /** In order; with the same spec and judge, byte for byte those that were recorded. */
  readonly decisions: readonly Decision[];
}

/** Folds the stored events of one rollout in their order. `startedAt` is the `startedAt` of the stored state. */
export function replayRollout(spec: RolloutSpec, events: readonly RolloutEvent[], startedAt: number): Replay {
  return replayWith(spec, spec, events, startedAt);
}

export interface ChangedReplay extends Replay {
  /** Where the evidence stops being about this story, and why; null: it holds to the end. */
  readonly parted: { readonly at: number; readonly reason: string } | null;
}

/**
 * The same evidence under other settings. Events tell what was measured, and answers tell of actions that the
 * recorded rollout asked for: the story goes on as long as the changed rollout would have asked for the same.
 */
export function replayWith(
  recorded: RolloutSpec,
  changed: RolloutSpec,
  events: readonly RolloutEvent[],
  startedAt: number,
): ChangedReplay {
  let original = startRollout(recorded, startedAt);
  let rollout = startRollout(changed, startedAt);
  const decisions: Decision[] = [];
  for (const event of events) {
    if (isTerminal(rollout)) break;
    const parted = event.kind === 'action-finished' ? whyParted(original, rollout, event.action) : null;
    if (parted !== null) return { rollout, decisions, parted: { at: event.at, reason: parted } };
    original = advanceRollout(original, event).rollout;
    const move = advanceRollout(rollout, event);
    rollout = move.rollout;
    for (const command of move.commands) {
      if (command.kind === 'record-decision') decisions.push(command.decision);
    }
  }
  return { rollout, decisions, parted: null };
}

function whyParted(original: Rollout, changed: Rollout, action: number): string | null {
  const was = original.pending?.action === action ? original.pending.what : null;
  if (was === null) return null;
  const wanted = changed.pending?.what ?? null;
  if (wanted !== null && canonicalJson(asked(was)) === canonicalJson(asked(wanted))) return null;
  const instead = wanted === null ? whatItWaitsFor(changed) : `asked to ${inWords(wanted)}`;
  return `the evidence goes on with an answer to ${inWords(was)}, and with these settings the rollout would have ${instead}`;
}

/** The words of a roll-back's reason do not make it another action. */
const asked = (what: RolloutAction): unknown =>
  what.kind === 'set-weight'
    ? { kind: what.kind, ...askedTraffic(what) }
    : { kind: what.kind, hook: what.kind === 'call-hook' ? what.hook : null };

function inWords(what: RolloutAction): string {
  if (what.kind !== 'set-weight') return what.kind;
  const { percent, match, mirrorPercent } = askedTraffic(what);
  const chosen = match.length === 0 ? '' : ` and ${matchInWords(match)}`;
  const mirrored = mirrorPercent === 0 ? '' : `, mirroring ${mirrorPercent} %`;
  return `set-weight ${percent} %${chosen}${mirrored}`;
}

function whatItWaitsFor({ wakeAt, latest }: Rollout): string {
  const since = latest?.at ?? wakeAt;
  if (wakeAt === null || since === null) return 'waited';
  return `waited for its next look, ${formatDuration(wakeAt - since)} after the one before`;
}
