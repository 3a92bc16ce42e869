import { defaultPool } from '@sluice/pipelines/protocol/queues';
import { unreachable } from '@sluice/pipelines/result';
import { findStage } from '@sluice/pipelines/run/find-stage';
import type { RunCommand } from '@sluice/pipelines/run/run-state';
import { priorityOf, rankOf } from '@sluice/pipelines/schedule/priority';
import { openServerLog, closeServerLog, sayInLog } from '../ingest/server-log.ts';
import {
  insertAttempts,
  lockAttemptOf,
  updateAttempt,
  type AttemptToInsert,
} from '../store/attempt-store.ts';
import { addToOutbox, type OutboxCommand } from '../store/outbox-store.ts';
import type { PlannedRun } from '../store/run-store.ts';
import { addTimer } from '../store/timer-store.ts';
import { requestTurn } from './turns.ts';
import type { Unit } from './unit.ts';

export interface CommandsOfRun {
  readonly run: PlannedRun;
  readonly commands: readonly RunCommand[];
}

/** Writes down what must follow, in the transaction of the folds that want it. */
export async function carryRunCommands(unit: Unit, runs: readonly CommandsOfRun[]): Promise<void> {
  const outbox: OutboxCommand[] = [];
  await queueAttempts(unit, runs);
  for (const { run, commands } of runs)
    for (const command of commands) outbox.push(...(await carry(unit, run, command)));
  await addToOutbox(unit.trx, outbox, unit.at);
  if (outbox.length > 0) unit.tell({ kind: 'outbox' });
}

/** All in one statement: a run may begin with thousands of stages. */
async function queueAttempts(unit: Unit, runs: readonly CommandsOfRun[]): Promise<void> {
  const attempts = runs.flatMap(({ run, commands }) =>
    commands.flatMap((command) =>
      command.kind === 'enqueue-attempt' ? [attemptInLine(unit, run, command)] : [],
    ),
  );
  if (attempts.length > 0) unit.tell({ kind: 'line' });
  // PostgreSQL takes at most 65,535 parameters a statement.
  for (let start = 0; start < attempts.length; start += 4_000)
    await insertAttempts(unit.trx, attempts.slice(start, start + 4_000));
}

function attemptInLine(
  unit: Unit,
  run: PlannedRun,
  { stage, attempt }: Extract<RunCommand, { readonly kind: 'enqueue-attempt' }>,
): AttemptToInsert {
  const { plan } = run.content;
  const line = {
    project: run.project,
    pool: findStage(plan, stage)?.pool ?? defaultPool,
    rank: rankOf(priorityOf(plan)),
    runNumber: run.number,
  };
  return { runId: run.id, stage, attempt, id: unit.newId(), status: 'queued', line, at: unit.at };
}

async function carry(unit: Unit, run: PlannedRun, command: RunCommand): Promise<readonly OutboxCommand[]> {
  const runId = run.id;
  switch (command.kind) {
    case 'enqueue-attempt':
      return []; // it stands in line by now, and `dispatch` hands it out
    case 'seek-result':
      return [{ ...command, runId }];
    case 'start-rollout': {
      const { stage, attempt } = command;
      await openServerLog(unit, { runId, stage, attempt });
      return [{ kind: 'start-rollout', runId, stage, attempt }];
    }
    case 'request-turn':
      return requestTurn(unit, run, command.stage);
    case 'cancel-rollout':
      return [{ ...command, runId }];
    case 'cancel-attempt':
      await cancelAttempt(unit, { runId, stage: command.stage, attempt: command.attempt }, command);
      return [];
    case 'set-timer':
      await addTimer(unit.trx, command.dueAt, { kind: 'run', runId, event: command.event });
      unit.tell({ kind: 'timers' });
      return [];
    case 'request-approval':
      await openApproval(unit, run, command.stage);
      return [];
    case 'finish-run':
      return []; // the state says it, and the news
    default:
      return unreachable(command);
  }
}

/** One that still waits for a worker is over; one that is held, or whose pod is offered, is stopped by its worker. */
async function cancelAttempt(
  unit: Unit,
  key: { readonly runId: string; readonly stage: string; readonly attempt: number },
  { reason, forced }: Extract<RunCommand, { readonly kind: 'cancel-attempt' }>,
): Promise<void> {
  const attempt = await lockAttemptOf(unit.trx, key);
  if (attempt === undefined) return;
  const isOffered = attempt.status === 'queued' && attempt.lease_until !== null;
  if (attempt.status === 'queued' && !isOffered) await closeServerLog(unit, attempt.id, 'over');
  if (attempt.status !== 'held' && !isOffered) return;
  await updateAttempt(unit.trx, attempt.id, {
    cancel_reason: attempt.cancel_reason ?? reason,
    cancel_forced: attempt.cancel_forced || forced === true,
  });
  unit.tell({ kind: 'cancel', attemptId: attempt.id });
}

async function openApproval(unit: Unit, run: PlannedRun, stage: string): Promise<void> {
  const state = run.content.state.stages[stage];
  const work = run.content.plan.stages.find((planned) => planned.id === stage)?.work;
  if (state?.status !== 'awaiting-approval' || work?.kind !== 'approve') return;
  const attemptId = await openServerLog(unit, { runId: run.id, stage, attempt: state.attempt });
  const { by, count } = work.approval;
  const people = by.length === 0 ? 'anyone who may approve here' : by.join(', ');
  const until = new Date(state.expiresAt).toISOString();
  await sayInLog(unit, attemptId, [`waits until ${until} for ${count} approval(s) by ${people}`]);
}
