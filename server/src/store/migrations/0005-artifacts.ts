import { sql, type Kysely, type Migration } from 'kysely';

export const artifactsMigration: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await statement.execute(db);
  },
};

const statements = [
  sql`create table contents (
    sha256 text primary key,
    bytes bigint not null,
    stored_at double precision not null
  )`,
  sql`insert into contents select sha256, max(bytes), max(created_at) from blobs group by sha256`,
  sql`create index contents_stored_at on contents (stored_at)`,
  sql`create index blobs_sha256 on blobs (sha256)`,
  sql`create table artifacts (
    id uuid primary key,
    run_id uuid not null references runs (id) on delete cascade,
    stage text not null,
    attempt integer not null,
    sha256 text references contents (sha256),
    bytes bigint not null,
    unpacked_bytes bigint not null,
    file_count integer not null,
    files json not null,
    created_at double precision not null,
    expires_at double precision not null,
    unique (run_id, stage, attempt)
  )`,
  sql`create index artifacts_sha256 on artifacts (sha256)`,
  sql`create index artifacts_expires_at on artifacts (expires_at) where sha256 is not null`,
  sql`create table caches (
    id uuid primary key,
    project text not null,
    repository_id uuid not null references repositories (id) on delete cascade,
    scope text not null,
    kind text not null,
    key text not null,
    sha256 text not null references contents (sha256),
    bytes bigint not null,
    run_id uuid not null,
    created_at double precision not null,
    last_used_at double precision not null,
    unique (repository_id, scope, kind, key)
  )`,
  sql`create index caches_sha256 on caches (sha256)`,
  sql`create index caches_last_used_at on caches (project, last_used_at)`,
];
