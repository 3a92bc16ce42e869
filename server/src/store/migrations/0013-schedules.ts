import { sql, type Kysely, type Migration } from 'kysely';

/** When the pipelines of default branches are due, and when each repository is looked at again for its schedules. */
export const schedulesMigration: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await statement.execute(db);
  },
};

const statements = [
  sql`create table schedules (
    repository_id uuid not null references repositories (id) on delete cascade,
    cron text not null,
    timezone text not null,
    due_at double precision not null,
    try_at double precision not null,
    primary key (repository_id, cron, timezone)
  )`,
  sql`create index schedules_try on schedules (try_at)`,
  sql`create table schedule_looks (
    repository_id uuid primary key references repositories (id) on delete cascade,
    look_at double precision not null
  )`,
];
