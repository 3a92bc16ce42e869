import { sql, type Kysely, type Migration } from 'kysely';

/** Whether environments still run what was released there, and who looks when. */
export const driftMigration: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`create table environment_looks (
      environment text primary key,
      fence integer not null,
      due_at double precision not null,
      looked_at double precision,
      problem text,
      drift json
    )`.execute(db);
  },
};
