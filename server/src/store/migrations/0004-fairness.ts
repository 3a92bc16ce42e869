import { sql, type Kysely, type Migration } from 'kysely';

export const fairnessMigration: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await statement.execute(db);
  },
};

// Null where an older server made the attempt: `adoptOlderAttempts` fills them in.
const statements = [
  sql`alter table attempts
    add column project text,
    add column pool text,
    add column rank smallint,
    add column run_number integer,
    add column granted_at double precision`,
  sql`create index attempts_pending on attempts (pool, project, rank, run_number, created_at)
    where status = 'queued' and granted_at is null and pool is not null`,
  sql`create index attempts_pending_age on attempts (pool, project, created_at)
    where status = 'queued' and granted_at is null and pool is not null`,
  sql`create index attempts_in_use on attempts (pool, project)
    where status = 'held' or (status = 'queued' and granted_at is not null)`,
  sql`create index runs_open on runs (project) where finished_at is null`,
  sql`create table fair_shares (
    pool text not null,
    project text not null,
    start_tag double precision not null,
    grants bigint not null,
    primary key (pool, project)
  )`,
  sql`create table project_limits (
    project text primary key,
    weight integer not null check (weight between 1 and 1000),
    max_running_stages integer check (max_running_stages >= 1),
    max_open_runs integer check (max_open_runs >= 1),
    updated_at double precision not null,
    updated_by text not null
  )`,
  sql`create table group_tickets (
    run_id uuid not null references runs (id) on delete cascade,
    stage text not null,
    repository_id text not null,
    group_name text not null,
    run_number integer not null,
    state text not null check (state in ('ahead', 'waiting', 'holding')),
    when_busy text not null,
    since double precision not null,
    primary key (run_id, stage)
  )`,
  sql`create index group_tickets_line on group_tickets (repository_id, group_name, run_number)`,
];
