import { sql, type Kysely, type Migration } from 'kysely';

/** Who is told of what and where, and what is still to be told. */
export const notificationsMigration: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await statement.execute(db);
  },
};

const statements = [
  sql`create table notification_channels (
    name text primary key,
    kind text not null,
    host text not null,
    url_sealed text not null,
    secret_sealed text,
    language text not null,
    rules json not null,
    updated_at double precision not null
  )`,
  sql`create table notifications (
    id uuid primary key,
    channel text not null references notification_channels (name) on delete cascade,
    dedupe_key text not null,
    event json not null,
    urgent boolean not null,
    status text not null check (status in ('waiting', 'sent', 'dead')),
    tries integer not null default 0,
    created_at double precision not null,
    due_at double precision not null,
    tried_at double precision,
    problem text,
    unique (channel, dedupe_key)
  )`,
  sql`create index notifications_due on notifications (channel, due_at) where status = 'waiting'`,
  sql`create index notifications_tried on notifications (channel, tried_at)`,
  sql`create index notifications_newest on notifications (created_at desc)`,
];
