import { err, ok, type Result } from '@sluice/pipelines/result';
import type { ServerContext } from '../context.ts';
import { sayInLog } from '../ingest/server-log.ts';
import { recordAudit } from '../store/audit-store.ts';
import { abortLockedRollout } from './abort-rollout.ts';
import { foldRollout, lockRolloutWithRun } from './fold-rollout.ts';
import { inUnit } from './unit.ts';

export interface SteerProblem {
  readonly reason: 'unknown-rollout' | 'rollout-ended' | 'rollout-waits' | 'rollout-frozen';
  readonly message: string;
}

/** A person rolls a rollout back, or lets it go on from where it is held or paused. */
export async function steerRollout(
  context: ServerContext,
  rolloutId: string,
  kind: 'abort' | 'resume',
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
    if (stored.status === 'waiting' && kind === 'resume') {
      const message = 'the rollout waits for the end of another one in its environment';
      return err({ reason: 'rollout-waits', message });
    }
    const { phase } = stored.state;
    if (phase.name === 'frozen' && kind === 'resume') {
      const message = `a freeze holds the rollout (${phase.reason}): it goes on by itself, or when somebody breaks the glass`;
      return err({ reason: 'rollout-frozen', message });
    }
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
      await sayInLog(unit, stored.attempt_id, [`${by} asks to ${verb[kind]}: ${reason}`]);
      await foldRollout(unit, locked, [
        kind === 'abort'
          ? { kind: 'abort-requested', by, reason, cancelled: false, at: unit.at }
          : { kind: 'resume-requested', by, reason, at: unit.at },
      ]);
    }
    return ok(null);
  });
}

const auditName = { abort: 'rollout-aborted', resume: 'rollout-resumed' } as const;
const verb = { abort: 'roll back', resume: 'go on' } as const;
