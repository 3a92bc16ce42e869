import { sql, type Kysely, type Migration } from 'kysely';

export const edgeMigration: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await statement.execute(db);
  },
};

const statements = [
  sql`create table installation (
    singleton boolean primary key default true check (singleton),
    id text not null,
    key_check text not null,
    created_at double precision not null
  )`,
  sql`create table repositories (
    id uuid primary key,
    project text not null,
    full_name text not null,
    provider text not null check (provider in ('github', 'generic')),
    clone_url text not null,
    default_branch text not null,
    hook_secret_sealed text not null,
    credentials_sealed text,
    trusted boolean not null,
    created_at double precision not null,
    updated_at double precision not null
  )`,
  // Forges do not tell names apart by case.
  sql`create unique index repositories_full_name on repositories (lower(full_name))`,
  sql`create table deliveries (
    id uuid primary key,
    provider text not null,
    delivery_id text not null,
    repository_id uuid not null references repositories (id) on delete cascade,
    event text not null,
    headers jsonb not null,
    body text not null,
    received_at double precision not null,
    status text not null check (status in ('received', 'started', 'ignored', 'failed')),
    tries integer not null default 0,
    due_at double precision not null,
    reasons jsonb not null default '[]',
    run_id uuid,
    finished_at double precision,
    replay_of uuid references deliveries (id) on delete set null,
    unique (provider, repository_id, delivery_id)
  )`,
  sql`create index deliveries_due on deliveries (due_at) where status = 'received'`,
  sql`create index deliveries_newest on deliveries (received_at desc, id desc)`,
  sql`create table secrets (
    project text not null,
    name text not null,
    value_sealed text not null,
    updated_at double precision not null,
    updated_by text not null,
    primary key (project, name)
  )`,
  sql`create table api_tokens (
    id uuid primary key,
    name text not null,
    user_name text not null,
    token_hash text not null unique,
    created_at double precision not null,
    last_used_at double precision
  )`,
  sql`create table login_links (
    token_hash text primary key,
    user_name text not null,
    expires_at double precision not null
  )`,
  sql`create table sessions (
    id_hash text primary key,
    user_name text not null,
    created_at double precision not null,
    expires_at double precision not null
  )`,
  sql`create table audit (
    id integer generated always as identity primary key,
    who text not null,
    what text not null,
    target text not null,
    detail jsonb not null,
    from_address text,
    at double precision not null
  )`,
];
