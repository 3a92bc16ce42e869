import { sql, type Kysely, type Migration } from 'kysely';

/** What test tools said of an attempt, and which tests are flaky. */
export const testReportsMigration: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await statement.execute(db);
  },
};

const statements = [
  sql`create table stage_reports (
    attempt_id uuid primary key references attempts (id) on delete cascade,
    run_id uuid not null references runs (id) on delete cascade,
    repository_id uuid not null,
    pipeline text not null,
    stage text not null,
    ref text not null,
    commit_sha text not null,
    passed integer not null,
    failed integer not null,
    skipped integer not null,
    tests_ms double precision not null,
    lines_covered integer,
    lines_total integer,
    report bytea not null,
    at double precision not null
  )`,
  sql`create index stage_reports_trend on stage_reports (repository_id, pipeline, stage, at)`,
  sql`create index stage_reports_of_commit on stage_reports (repository_id, commit_sha, stage)`,
  sql`create index stage_reports_of_run on stage_reports (run_id)`,
  // Compressed before it comes here.
  sql`alter table stage_reports alter column report set storage external`,
  sql`create table flaky_tests (
    repository_id uuid not null,
    pipeline text not null,
    stage text not null,
    test_hash text not null,
    commit_sha text not null,
    suite text not null,
    name text not null,
    failures integer not null,
    last_at double precision not null,
    primary key (repository_id, pipeline, stage, test_hash, commit_sha)
  )`,
];
