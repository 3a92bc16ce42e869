import { err, ok, type Result } from '@sluice/pipelines/result';
import type { RolloutEvent } from '@sluice/pipelines/rollout/rollout-state';
import { whyNotGivenUp, whyNotHeld, whyNotPromoted, whyNotResumed } from '@sluice/pipelines/rollout/steering';
import type { ServerContext } from '../context.ts';
import { recordAudit } from '../store/audit-store.ts';
import { listLedStandings, type StoredRollout } from '../store/rollout-store.ts';
import { abortLockedRollout } from './abort-rollout.ts';
import { foldRollout, lockRolloutWithRun } from './fold-rollout.ts';
import { sayInRollout } from './say-in-rollout.ts';
import { inUnit, type Unit } from './unit.ts';

export interface SteerProblem {
  readonly reason:
    | 'unknown-rollout'
    | 'rollout-ended'
    | 'rollout-waits'
    | 'rollout-frozen'
    | 'not-blocked'
    | 'cannot-hold'
    | 'cannot-promote'
    | 'cannot-resume';
  readonly message: string;
}

/**
 * A person rolls a rollout back, holds it, lets it go on from where it waits, or promotes it before its steps are done;
 * of one over several clusters, all of them at once.
 */
export async function steerRollout(
  context: ServerContext,
  rolloutId: string,
  kind: Wish,
  { user: by, from }: { readonly user: string; readonly from: string | null },
  reason: string,
): Promise<Result<null, SteerProblem>> {
  return inUnit(context, async (unit): Promise<Result<null, SteerProblem>> => {
    const locked = await lockRolloutWithRun(unit, rolloutId);
    if (locked === null) return err({ reason: 'unknown-rollout', message: 'there is no such rollout' });
    const { run, stored } = locked;
    if (stored.status === 'ended') {
      const message = `the rollout has ended (${stored.phase}): use the environment's rollback instead`;
      return err({ reason: 'rollout-ended', message });
    }
    if (stored.status === 'waiting' && kind !== 'abort') {
      const message = 'the rollout waits for the end of another one in its environment';
      return err({ reason: 'rollout-waits', message });
    }
    const refusal = await whyNot(unit, stored, kind);
    if (refusal !== null) return err(refusal);
    const detail = { run: run.number, environment: stored.environment, reason };
    await recordAudit(unit.trx, {
      who: by,
      what: auditName[kind],
      target: rolloutId,
      detail,
      at: unit.at,
      from,
    });
    if (kind === 'abort' && stored.status === 'waiting') {
      await abortLockedRollout(unit, locked, by, reason);
    } else {
      await sayInRollout(unit, stored, [`${by} asks to ${verb[kind]}: ${reason}`]);
      await foldRollout(unit, locked, [eventOf(kind, by, reason, unit.at)]);
    }
    return ok(null);
  });
}

async function whyNot(unit: Unit, { id, state }: StoredRollout, kind: Wish): Promise<SteerProblem | null> {
  const refused = (reason: SteerProblem['reason'], message: string | null): SteerProblem | null =>
    message === null ? null : { reason, message };
  switch (kind) {
    case 'abort':
      return null;
    case 'hold':
      return refused('cannot-hold', whyNotHeld(state));
    case 'promote':
      return refused('cannot-promote', whyNotPromoted(state, await listLedStandings(unit.trx, id)));
    case 'resume': {
      const isFrozen = state.phase.name === 'frozen';
      return refused(isFrozen ? 'rollout-frozen' : 'cannot-resume', whyNotResumed(state));
    }
    case 'give-up':
      return refused('not-blocked', whyNotGivenUp(state));
  }
}

function eventOf(kind: Wish, by: string, reason: string, at: number): RolloutEvent {
  switch (kind) {
    case 'abort':
      return { kind: 'abort-requested', by, reason, cancelled: false, at };
    case 'hold':
      return { kind: 'hold-requested', by, reason, at };
    case 'promote':
      return { kind: 'promote-requested', by, reason, at };
    case 'resume':
      return { kind: 'resume-requested', by, reason, at };
    case 'give-up':
      return { kind: 'give-up-requested', by, reason, at };
  }
}

type Wish = 'abort' | 'hold' | 'promote' | 'resume' | 'give-up';
const auditName = {
  abort: 'rollout-aborted',
  hold: 'rollout-held',
  promote: 'rollout-promoted',
  resume: 'rollout-resumed',
  'give-up': 'rollback-given-up',
} as const;
const verb = {
  abort: 'roll back',
  hold: 'wait',
  promote: 'promote it now',
  resume: 'go on',
  'give-up': 'give up',
} as const;
