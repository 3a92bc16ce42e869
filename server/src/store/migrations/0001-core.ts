import { sql, type Kysely, type Migration } from 'kysely';

export const coreMigration: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await statement.execute(db);
  },
};

const statements = [
  sql`create table runs (
    id uuid primary key,
    number integer generated always as identity,
    project text not null,
    repository_id text not null,
    repository text not null,
    pipeline text not null,
    event text not null,
    ref text not null,
    commit_sha text not null,
    commit_message text not null,
    commit_author text not null,
    actor text not null,
    trigger json not null,
    plan json,
    state json,
    diagnostics json not null,
    status text not null,
    revision integer not null,
    last_event integer not null,
    delivery_id text,
    restores_release_id uuid,
    created_at double precision not null,
    updated_at double precision not null,
    finished_at double precision
  )`,
  sql`create unique index runs_number on runs (number)`,
  sql`create unique index runs_delivery on runs (delivery_id, pipeline) where delivery_id is not null`,
  sql`create index runs_updated on runs (updated_at)`,
  sql`create table run_events (
    run_id uuid not null references runs (id) on delete cascade,
    seq integer not null,
    event json not null,
    at double precision not null,
    primary key (run_id, seq)
  )`,
  sql`create table attempts (
    id uuid primary key,
    run_id uuid not null references runs (id) on delete cascade,
    stage text not null,
    number integer not null,
    status text not null check (status in ('queued', 'held', 'server', 'finished', 'lost', 'over')),
    fence integer not null default 0,
    worker_id text,
    lease_until double precision,
    cancel_reason text,
    created_at double precision not null,
    started_at double precision,
    finished_at double precision,
    acknowledged integer not null default 0,
    log_lines integer not null default 0,
    stated_lines integer,
    stated_digest text,
    verified boolean,
    unique (run_id, stage, number)
  )`,
  sql`create index attempts_queued on attempts (created_at) where status = 'queued'`,
  sql`create index attempts_held on attempts (lease_until) where status = 'held'`,
  sql`create table log_chunks (
    attempt_id uuid not null references attempts (id) on delete cascade,
    first_line integer not null,
    line_count integer not null check (line_count between 1 and 10000),
    step integer not null,
    encoding text not null,
    payload bytea not null,
    primary key (attempt_id, first_line)
  )`,
  // Payloads are compressed before they come here, or too small to gain from it.
  sql`alter table log_chunks alter column payload set storage external`,
  sql`create table outbox (
    id bigint generated always as identity primary key,
    kind text not null,
    command json not null,
    tries integer not null default 0,
    due_at double precision not null
  )`,
  sql`create table timers (
    id bigint generated always as identity primary key,
    run_id uuid references runs (id) on delete cascade,
    rollout_id uuid,
    due_at double precision not null,
    event json,
    check ((run_id is null) <> (rollout_id is null))
  )`,
  sql`create index timers_due on timers (due_at)`,
  sql`create table environments (
    name text primary key,
    target json not null,
    updated_at double precision not null
  )`,
  sql`create table rollouts (
    id uuid primary key,
    run_id uuid not null references runs (id) on delete cascade,
    stage text not null,
    attempt integer not null,
    attempt_id uuid not null references attempts (id),
    environment text not null references environments (name),
    status text not null check (status in ('waiting', 'active', 'ended')),
    phase text not null,
    state json not null,
    revision integer not null,
    last_event integer not null,
    created_at double precision not null,
    finished_at double precision,
    unique (run_id, stage, attempt)
  )`,
  sql`create unique index rollouts_one_active on rollouts (environment) where status = 'active'`,
  sql`create index rollouts_waiting on rollouts (environment) where status = 'waiting'`,
  sql`alter table timers add foreign key (rollout_id) references rollouts (id) on delete cascade`,
  sql`create table rollout_actions (
    rollout_id uuid not null references rollouts (id) on delete cascade,
    number integer not null,
    what json not null,
    status text not null check (status in ('queued', 'held', 'done')),
    fence integer not null default 0,
    worker_id text,
    lease_until double precision,
    result json,
    created_at double precision not null,
    finished_at double precision,
    primary key (rollout_id, number)
  )`,
  sql`create index rollout_actions_open on rollout_actions (created_at) where status <> 'done'`,
  sql`create table rollout_events (
    rollout_id uuid not null references rollouts (id) on delete cascade,
    seq integer not null,
    event json not null,
    weight_percent double precision not null,
    at double precision not null,
    primary key (rollout_id, seq)
  )`,
  sql`create table decisions (
    rollout_id uuid not null references rollouts (id) on delete cascade,
    seq integer not null,
    decision json not null,
    hash text not null,
    previous_hash text,
    primary key (rollout_id, seq)
  )`,
  sql`create table releases (
    id uuid primary key,
    environment text not null references environments (name),
    rollout_id uuid not null unique references rollouts (id) on delete cascade,
    run_id uuid not null references runs (id) on delete cascade,
    version text not null,
    image text not null,
    commit_sha text not null,
    by text not null,
    at double precision not null,
    outcome text not null check (outcome in ('succeeded', 'rolled-back')),
    reason text,
    work json not null
  )`,
  sql`create index releases_newest on releases (environment, at desc)`,
  sql`create table workers (
    id text primary key,
    pool text not null,
    slots integer not null,
    last_seen_at double precision not null
  )`,
  sql`create table blobs (
    attempt_id uuid not null references attempts (id) on delete cascade,
    name text not null,
    sha256 text not null,
    bytes integer not null,
    created_at double precision not null,
    primary key (attempt_id, name)
  )`,
];
