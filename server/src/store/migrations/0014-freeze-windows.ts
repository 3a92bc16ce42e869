import { sql, type Kysely, type Migration } from 'kysely';

/** When nothing may be released to an environment, and what becomes of rollouts then: `FreezeRules`; null: always. */
export const freezeWindowsMigration: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`alter table environments add column freeze_rules json`.execute(db);
  },
};
