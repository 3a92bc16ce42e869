import type { Diagnostic } from '@sluice/pipelines/language/diagnostic';
import type { DeployWork } from '@sluice/pipelines/language/definition';
import type { FreezeRules } from '@sluice/pipelines/freeze/freeze-rules';
import type { Plan } from '@sluice/pipelines/plan/plan';
import type { EnvironmentTarget } from '@sluice/pipelines/protocol/environment';
import type {
  ActionResult,
  Decision,
  Rollout,
  RolloutAction,
  RolloutEvent,
  RolloutPhase,
} from '@sluice/pipelines/rollout/rollout-state';
import type { RunEvent, RunState } from '@sluice/pipelines/run/run-state';
import type { RerunOf, RunSummary } from '@sluice/pipelines/protocol/api';
import type { Trigger } from '@sluice/pipelines/trigger/trigger';
import type { ColumnType, Generated } from 'kysely';

/** Tables of the core: what runs, what it said, what it delivered and why. */
export interface CoreTables {
  runs: RunTable;
  run_events: RunEventTable;
  attempts: AttemptTable;
  log_chunks: LogChunkTable;
  outbox: OutboxTable;
  timers: TimerTable;
  environments: EnvironmentTable;
  rollouts: RolloutTable;
  rollout_actions: RolloutActionTable;
  rollout_events: RolloutEventTable;
  decisions: DecisionTable;
  releases: ReleaseTable;
  workers: WorkerTable;
  blobs: BlobTable;
  shell_holds: ShellHoldTable;
  shell_sessions: ShellSessionTable;
}

/** Milliseconds since the epoch, stored as `double precision`. */
type Time = number;
/** Column type `json`, not `jsonb`: the text is kept as it was written, order of keys included. */
type Json<T> = ColumnType<T, string, string>;

interface RunTable {
  id: string;
  number: Generated<number>;
  project: string;
  repository_id: string;
  repository: string;
  pipeline: string;
  event: Trigger['event'];
  ref: string;
  commit_sha: string;
  commit_message: string;
  commit_author: string;
  actor: string;
  trigger: Json<Trigger>;
  /** Null, as is `state`, when the pipeline file is broken. */
  plan: Json<Plan> | null;
  state: Json<RunState> | null;
  diagnostics: Json<readonly Diagnostic[]>;
  /** What people see: the state's status, or that it waits for one of them. */
  status: RunSummary['status'];
  /** Grows with every change that people can see. */
  revision: number;
  /** Number of the last event that was folded. */
  last_event: number;
  delivery_id: string | null;
  /** This run puts that release back; its deploy stage takes the image from there. */
  restores_release_id: string | null;
  /** The run that this one repeats; `rerun` says more. */
  rerun_of: string | null;
  rerun: Json<RerunOf> | null;
  created_at: Time;
  updated_at: Time;
  finished_at: Time | null;
}

interface RunEventTable {
  run_id: string;
  seq: number;
  event: Json<RunEvent>;
  at: Time;
}

/**
 * queued ─► held ─┬─► finished   (the worker's last record was stored)
 *   │  ▲          ├─► lost       (the lease ran out; the old fence is refused)
 *   │  └──────────┘ offered:     (the same, and its pod goes on: queued with a lease, for any worker of its place)
 *   └─► over                     (ended before a worker had it)
 * `server`: an attempt of a deploy or approve stage, whose log the server itself writes, then `finished`.
 */
export type AttemptStatus = 'queued' | 'held' | 'server' | 'finished' | 'lost' | 'over';

interface AttemptTable {
  id: string;
  run_id: string;
  stage: string;
  number: number;
  status: AttemptStatus;
  fence: number;
  worker_id: string | null;
  lease_until: Time | null;
  cancel_reason: string | null;
  /** Asked a second time: without clean-up. */
  cancel_forced: ColumnType<boolean, boolean | undefined, boolean>;
  created_at: Time;
  /** Log times count from here. */
  started_at: Time | null;
  finished_at: Time | null;
  /** Number of the last record that was stored. */
  acknowledged: number;
  log_lines: number;
  /** What the writer stated at the end; null until then. */
  stated_lines: number | null;
  stated_digest: string | null;
  verified: boolean | null;
  /** These four are null for attempts that no worker carries out, and for those of older servers. */
  project: string | null;
  pool: string | null;
  /** Of its run's priority: 0 is served first. */
  rank: number | null;
  run_number: number | null;
  /** Since it was claimed: `docker`, `kubernetes` or `process`; null: not claimed, or by an older worker. */
  executor: string | null;
  /** Cluster and namespace of its pod: workers of this place can take it over. Null: it is no pod. */
  pods: string | null;
  /** JSON of the failure of the first step that failed. */
  first_failure: string | null;
  /** When it was handed to the workers' queue; null: it waits for its share. */
  granted_at: Time | null;
}

/** Append-only. At most 10,000 lines a chunk, all of one step. */
interface LogChunkTable {
  attempt_id: string;
  first_line: number;
  line_count: number;
  step: number;
  encoding: 'json' | 'json-deflate';
  /** A JSON array of `LogLine`s. */
  payload: Buffer;
}

/** What must be done once a transaction was committed; deleted when it has been done. */
interface OutboxTable {
  id: Generated<number>;
  kind: string;
  command: Json<unknown>;
  tries: ColumnType<number, number | undefined, number>;
  due_at: Time;
}

/** Belongs to a run (`event` is folded) or to a rollout (a tick is). */
interface TimerTable {
  id: Generated<number>;
  run_id: string | null;
  rollout_id: string | null;
  due_at: Time;
  event: Json<RunEvent> | null;
}

interface EnvironmentTable {
  name: string;
  target: Json<EnvironmentTarget>;
  updated_at: Time;
  /** Null: it is never frozen. */
  freeze_rules: Json<FreezeRules> | null;
}

interface RolloutTable {
  id: string;
  run_id: string;
  stage: string;
  attempt: number;
  attempt_id: string;
  environment: string;
  /** `waiting`: another rollout of the environment must end first. At most one is `active`, and one in each cluster. */
  status: 'waiting' | 'active' | 'ended';
  phase: RolloutPhase['name'];
  state: Json<Rollout>;
  revision: number;
  last_event: number;
  created_at: Time;
  finished_at: Time | null;
  /** The rollout over several clusters that leads this one; null, as are the next two: none does. */
  parent_id: string | null;
  cluster: string | null;
  /** Which of the cluster's rollouts it is: 0 deploys, later ones put back what was there before. */
  round: number | null;
}

/** The intent is written before a worker hears of it; `result` is what it reported. */
interface RolloutActionTable {
  rollout_id: string;
  number: number;
  what: Json<RolloutAction>;
  status: 'queued' | 'held' | 'done';
  fence: number;
  worker_id: string | null;
  lease_until: Time | null;
  result: Json<ActionResult> | null;
  created_at: Time;
  finished_at: Time | null;
}

/** The evidence: append-only, everything that a rollout was told. */
interface RolloutEventTable {
  rollout_id: string;
  seq: number;
  event: Json<RolloutEvent>;
  /** Weight that had been asked for when it came. */
  weight_percent: number;
  at: Time;
}

/** Append-only; each row's hash covers the one before. */
interface DecisionTable {
  rollout_id: string;
  seq: number;
  decision: Json<Decision>;
  hash: string;
  previous_hash: string | null;
}

interface ReleaseTable {
  id: string;
  environment: string;
  rollout_id: string;
  run_id: string;
  version: string;
  image: string;
  commit_sha: string;
  by: string;
  at: Time;
  outcome: 'succeeded' | 'rolled-back';
  reason: string | null;
  work: Json<DeployWork>;
  /** Null: of the environment as a whole. */
  cluster: string | null;
}

interface WorkerTable {
  id: string;
  pool: string;
  slots: number;
  /** It takes no more stages; null: an older server wrote the row. */
  leaving: boolean | null;
  last_seen_at: Time;
}

interface BlobTable {
  attempt_id: string;
  name: string;
  sha256: string;
  bytes: number;
  created_at: Time;
}

/** A failed stage's container that its worker keeps for a shell, until `until` or `ended_at`. */
interface ShellHoldTable {
  attempt_id: string;
  run_id: string;
  worker_id: string;
  fence: number;
  created_at: Time;
  until: Time;
  ended_at: Time | null;
  end_reason: string | null;
}

/** Who had a shell where and when. Wanted until `opened_at`; its keystrokes and output are kept nowhere. */
interface ShellSessionTable {
  id: string;
  attempt_id: string;
  worker_id: string;
  who: string;
  from_address: string | null;
  /** Address of the server that the person is on; null: the worker knows it. */
  connect_url: string | null;
  /** Of the one-time token with which the worker connects. */
  token_hash: string | null;
  requested_at: Time;
  opened_at: Time | null;
  ended_at: Time | null;
  end_reason: string | null;
}
