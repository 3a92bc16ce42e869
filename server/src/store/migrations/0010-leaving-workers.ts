import { sql, type Kysely, type Migration } from 'kysely';

export const leavingWorkersMigration: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`alter table workers add column leaving boolean`.execute(db);
  },
};
