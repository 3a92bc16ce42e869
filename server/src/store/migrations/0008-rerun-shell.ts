import { sql, type Kysely, type Migration } from 'kysely';

/** Runs that repeat others, forced cancels, and shells into stages. */
export const rerunShellMigration: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await statement.execute(db);
  },
};

const statements = [
  sql`alter table runs add column rerun_of uuid, add column rerun json`,
  sql`create index runs_rerun_of on runs (rerun_of) where rerun_of is not null`,
  sql`alter table attempts add column cancel_forced boolean not null default false`,
  sql`create table shell_holds (
    attempt_id uuid primary key references attempts (id) on delete cascade,
    run_id uuid not null references runs (id) on delete cascade,
    worker_id text not null,
    fence integer not null,
    created_at double precision not null,
    until double precision not null,
    ended_at double precision,
    end_reason text
  )`,
  sql`create index shell_holds_of_run on shell_holds (run_id)`,
  sql`create index shell_holds_of_worker on shell_holds (worker_id) where ended_at is null`,
  sql`create table shell_sessions (
    id uuid primary key,
    attempt_id uuid not null references attempts (id) on delete cascade,
    worker_id text not null,
    who text not null,
    from_address text,
    connect_url text,
    token_hash text,
    requested_at double precision not null,
    opened_at double precision,
    ended_at double precision,
    end_reason text
  )`,
  sql`create index shell_sessions_wanted on shell_sessions (worker_id) where opened_at is null and ended_at is null`,
];
