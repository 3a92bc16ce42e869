import { sql, type Kysely, type Migration } from 'kysely';

/** Repositories whose templates may be used from every project. */
export const sharedRepositoriesMigration: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`alter table repositories add column shared boolean not null default false`.execute(db);
  },
};
