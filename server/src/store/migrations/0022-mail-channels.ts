import { sql, type Kysely, type Migration } from 'kysely';

/** Channels of e-mail: who writes to whom, and how the server is spoken to. */
export const mailChannelsMigration: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`alter table notification_channels add column mail json`.execute(db);
  },
};
