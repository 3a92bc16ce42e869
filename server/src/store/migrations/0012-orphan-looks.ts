import { sql, type Kysely, type Migration } from 'kysely';

export const orphanLooksMigration: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`create table orphan_looks (
      engine text not null,
      kind text not null,
      orphans integer not null,
      worker_id text not null,
      looked_at double precision not null,
      valid_until double precision not null,
      primary key (engine, kind)
    )`.execute(db);
    await sql`create index rollouts_environment_finished on rollouts (environment, finished_at)`.execute(db);
  },
};
