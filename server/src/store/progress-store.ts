import type { RunEvent } from '@sluice/pipelines/run/run-state';
import { sql } from 'kysely';
import type { Attempt } from './attempt-store.ts';
import type { Trx } from './database.ts';
import type { PlannedRun } from './run-store.ts';

/** A run's changed state and the events that changed it; the last of them is `run.lastEvent`. */
export interface FoldedRun {
  readonly run: PlannedRun;
  readonly events: readonly RunEvent[];
}

/** What claims and reports change of attempts. */
export type AttemptProgress = Pick<
  Attempt,
  | 'id'
  | 'status'
  | 'fence'
  | 'worker_id'
  | 'lease_until'
  | 'started_at'
  | 'finished_at'
  | 'acknowledged'
  | 'log_lines'
  | 'stated_lines'
  | 'stated_digest'
  | 'verified'
  | 'executor'
  | 'pods'
  | 'first_failure'
>;

/**
 * Stores what folds made of runs, and what claims and reports made of attempts, in one statement; the transaction has
 * locked all of them. States and events go as texts of their own: taken out of one large JSON, PostgreSQL would refuse
 * the characters that only `json` keeps (`\u0000`).
 */
export async function saveProgress(
  trx: Trx,
  folded: readonly FoldedRun[],
  attempts: readonly AttemptProgress[],
  at: number,
): Promise<void> {
  if (folded.length + attempts.length === 0) return;
  const runs = folded.map(({ run }) => run);
  const events = folded.flatMap(numbered);
  await sql`
    with changed_runs as (
      update runs set
        state = folded.state, status = folded.status, revision = folded.revision, last_event = folded.last_event,
        updated_at = ${at}, finished_at = folded.finished_at
      from unnest(
        ${runs.map(({ id }) => id)}::uuid[], ${runs.map(({ content }) => JSON.stringify(content.state))}::json[],
        ${runs.map(({ status }) => status)}::text[], ${runs.map(({ revision }) => revision)}::integer[],
        ${runs.map(({ lastEvent }) => lastEvent)}::integer[],
        ${runs.map(({ finishedAt }) => finishedAt)}::double precision[]
      ) as folded (id, state, status, revision, last_event, finished_at)
      where runs.id = folded.id
    ), changed_attempts as (
      update attempts set
        status = changed.status, fence = changed.fence, worker_id = changed.worker_id, lease_until = changed.lease_until,
        started_at = changed.started_at, finished_at = changed.finished_at, acknowledged = changed.acknowledged,
        log_lines = changed.log_lines, stated_lines = changed.stated_lines, stated_digest = changed.stated_digest,
        verified = changed.verified, executor = changed.executor, pods = changed.pods,
        first_failure = changed.first_failure
      from json_to_recordset(${JSON.stringify(attempts)}::json) as changed (
        id uuid, status text, fence integer, worker_id text, lease_until double precision, started_at double precision,
        finished_at double precision, acknowledged integer, log_lines integer, stated_lines integer, stated_digest text,
        verified boolean, executor text, pods text, first_failure text
      )
      where attempts.id = changed.id
    )
    insert into run_events (run_id, seq, event, at)
    select * from unnest(
      ${events.map(({ runId }) => runId)}::uuid[], ${events.map(({ seq }) => seq)}::integer[],
      ${events.map(({ text }) => text)}::json[], ${events.map((event) => event.at)}::double precision[]
    )`.execute(trx);
}

function numbered({ run, events }: FoldedRun) {
  const first = run.lastEvent - events.length + 1;
  return events.map((event, index) => ({
    runId: run.id,
    seq: first + index,
    text: JSON.stringify(event),
    at: event.at,
  }));
}

/** Those of its fields that `saveProgress` writes. */
export const progressOf = (attempt: Attempt): AttemptProgress => ({
  id: attempt.id,
  status: attempt.status,
  fence: attempt.fence,
  worker_id: attempt.worker_id,
  lease_until: attempt.lease_until,
  started_at: attempt.started_at,
  finished_at: attempt.finished_at,
  acknowledged: attempt.acknowledged,
  log_lines: attempt.log_lines,
  stated_lines: attempt.stated_lines,
  stated_digest: attempt.stated_digest,
  verified: attempt.verified,
  executor: attempt.executor,
  pods: attempt.pods,
  first_failure: attempt.first_failure,
});
