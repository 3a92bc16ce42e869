import { sql, type Kysely, type Migration } from 'kysely';

/** Stages whose results runs with the same inputs may take over. */
export const stageReuseMigration: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await statement.execute(db);
  },
};

const statements = [
  sql`create table stage_results (
    run_id uuid not null references runs (id) on delete cascade,
    stage text not null,
    repository_id uuid not null,
    scope text not null,
    key_hash text not null,
    succeeded_at double precision,
    primary key (run_id, stage)
  )`,
  sql`create index stage_results_newest on stage_results (repository_id, stage, key_hash, succeeded_at)
    where succeeded_at is not null`,
];
