import { sql, type Kysely, type Migration } from 'kysely';

/** Lists and searches stay as fast on a million runs as on a thousand, and deleting a run looks at nothing but its own. */
export const historyIndexesMigration: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await statement.execute(db);
  },
};

const statements = [
  // A page of a filtered list is read in its order from one place; the filters' own counts do not matter.
  sql`create index if not exists runs_by_status on runs (status, number)`,
  sql`create index if not exists runs_by_ref on runs (ref, number)`,
  sql`create index if not exists runs_by_pipeline on runs (pipeline, number)`,
  sql`create index if not exists runs_by_project on runs (project, number)`,
  sql`create index if not exists runs_by_commit on runs (commit_sha text_pattern_ops)`,
  // The same expression as in run-search.ts.
  sql`create index if not exists runs_words on runs using gin (to_tsvector('simple', translate(
    left(commit_message, 1000) || ' ' || commit_author || ' ' || actor || ' ' || ref || ' ' || pipeline || ' ' || repository,
    '/.-_@#:', '       ')))`,
  // What a deleted run takes with it is found by these.
  sql`create index if not exists timers_of_run on timers (run_id) where run_id is not null`,
  sql`create index if not exists timers_of_rollout on timers (rollout_id) where rollout_id is not null`,
  sql`create index if not exists releases_of_run on releases (run_id)`,
  sql`create index if not exists rollouts_of_attempt on rollouts (attempt_id)`,
];
