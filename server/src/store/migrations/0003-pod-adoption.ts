import { sql, type Kysely, type Migration } from 'kysely';

/** Attempts know what carries them out, so that a pod can be offered to another worker. */
export const podAdoptionMigration: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await statement.execute(db);
  },
};

const statements = [
  sql`alter table attempts
    add column executor text,
    add column pods text,
    add column first_failure text`,
  sql`create index attempts_offered on attempts (lease_until) where status = 'queued' and lease_until is not null`,
];
