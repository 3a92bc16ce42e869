import { randomUUID } from 'node:crypto';
import { Migrator, sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fillInLine } from './attempt-store.ts';
import { openDatabase, type Database, type Trx } from './database.ts';
import { migrateToLatest, migrations } from './migrate.ts';
import { readTables, type Table } from './read-tables.fixture.ts';
import { coreMigration } from './migrations/0001-core.ts';
import { edgeMigration } from './migrations/0002-edge.ts';
import { openTestDatabase, type TestDatabase } from './test-database.ts';

let server: TestDatabase;
let db: Database;
const opened: Database[] = [];
beforeAll(async () => {
  server = await openTestDatabase();
  db = await emptyDatabase('old_release');
});
afterAll(async () => {
  for (const each of opened) await each.destroy();
  for (const name of ['old_release', 'step_by_step', 'busy_release'])
    await sql`drop database if exists ${sql.id(name)} with (force)`.execute(server.db);
  await server.close();
});

test('servers of the first release go on serving while and after the tables are brought up to date', async () => {
  await toFirstRelease(db);
  const lives: Promise<void>[] = [];
  let isOver = false;
  let lived = 0;
  const oldServer = async (): Promise<void> => {
    while (!isOver) {
      await lifeOfRun(db);
      lived += 1;
    }
  };
  for (let index = 0; index < 4; index += 1) lives.push(oldServer());
  await expect.poll(() => lived, { timeout: 20_000 }).toBeGreaterThan(20);
  await migrateToLatest(db);
  const atMigration = lived;
  await expect.poll(() => lived, { timeout: 20_000 }).toBeGreaterThan(atMigration + 20);
  isOver = true;
  await Promise.all(lives);
  const { rows } = await sql<{ status: string }>`select distinct status from runs`.execute(db);
  expect(rows).toEqual([{ status: 'succeeded' }]);
}, 60_000);

test('what an old server has queued counts for its project once a new one has looked', async () => {
  const runId = await queueAttempt(db);
  expect(await fillInLine(db, { pool: 'default', rank: 1 })).toBe(1);
  const found = await db.selectFrom('attempts').selectAll().where('run_id', '=', runId).execute();
  expect(found).toMatchObject([{ project: 'shop', pool: 'default', granted_at: expect.any(Number) }]);
});

test('each migration only adds: nothing that an older server reads or writes goes, moves or becomes stricter', async () => {
  const on = await emptyDatabase('step_by_step');
  await toFirstRelease(on);
  await queueAttempt(on);
  const provider = { getMigrations: () => Promise.resolve({ ...migrations }) };
  const migrator = new Migrator({ db: on, provider, allowUnorderedMigrations: true });
  for (let before = await readTables(on); ;) {
    const { error, results = [] } = await migrator.migrateUp();
    expect(error).toBeUndefined();
    const [done] = results;
    if (done === undefined) break;
    const after = await readTables(on);
    expect({ [done.migrationName]: hindrances(before, after) }).toEqual({ [done.migrationName]: [] });
    before = after;
  }
});

test('a migration that waits for a table gives way to those that come after it', async () => {
  const on = await emptyDatabase('busy_release');
  await toFirstRelease(on);
  let migrated = false;
  let migration = Promise.resolve();
  await on.transaction().execute(async (trx) => {
    await sql`select * from attempts`.execute(trx);
    migration = migrateToLatest(on).then(() => void (migrated = true));
    const waits = sql<{ count: number }>`select count(*) from pg_locks where not granted and
      relation = 'attempts'::regclass`;
    await expect.poll(async () => (await waits.execute(trx)).rows[0]?.count).toBe(1);
    await lifeOfRun(on);
    expect(migrated).toBe(false);
  });
  await migration;
  await lifeOfRun(on);
});

test('a server of an older version starts on the tables of a newer one', async () => {
  const name = '9999-of-a-newer-version';
  await sql`insert into kysely_migration (name, timestamp) values (${name}, '')`.execute(server.db);
  await migrateToLatest(server.db);
});

/** What in `after` an older server would stumble over, or wait for long, by what was there before. */
function hindrances(before: readonly Table[], after: readonly Table[]): readonly string[] {
  return before.flatMap((old) => {
    const table = after.find(({ name }) => name === old.name);
    if (table === undefined) return [`the table ${old.name} is gone`];
    const known = new Set(old.columns.map(({ name }) => name));
    return [
      ...old.columns.flatMap((was) => {
        const is = table.columns.find(({ name }) => name === was.name);
        const isAsFree = is !== undefined && is.type === was.type && is.hasDefault === was.hasDefault;
        if (isAsFree && (is.takesNull || !was.takesNull)) return [];
        return [`${old.name} had ${JSON.stringify(was)} and has ${JSON.stringify(is ?? null)}`];
      }),
      ...table.columns.flatMap(({ name, takesNull, hasDefault }) =>
        known.has(name) || takesNull || hasDefault ? [] : [`${old.name}.${name} is new and must be given`],
      ),
      ...table.rules.flatMap((rule) =>
        old.rules.includes(rule) || leavesOldRowsFree(rule, old, table)
          ? []
          : [`${old.name} must now: ${rule}`],
      ),
      ...(table.file === old.file ? [] : [`${old.name} was written anew, and nobody can use it meanwhile`]),
    ];
  });
}

/**
 * Whether a rule asks nothing new of rows without a value in the new columns, as older servers write them: it is about
 * others alone, or it is one that there was, narrowed to those rows.
 */
function leavesOldRowsFree(rule: string, old: Table, { columns }: Table): boolean {
  const known = new Set(old.columns.map(({ name }) => name));
  return columns
    .filter(({ name, takesNull }) => takesNull && !known.has(name))
    .some(({ name }) => {
      if (rule.startsWith(`FOREIGN KEY (${name})`) || rule.includes(`(${name} IS NOT NULL)`)) return true;
      const whole = uniqueness(rule, name);
      return whole !== null && old.rules.some((was) => uniqueness(was, name) === whole);
    });
}

/** What a unique index is about, whatever it is called and whether `column` has to be null. */
function uniqueness(rule: string, column: string): string | null {
  const [, columns, where = ''] =
    /^CREATE UNIQUE INDEX .* USING btree (\(.*?\))(?: WHERE (.*))?$/.exec(rule) ?? [];
  if (columns === undefined) return null;
  const rest = where.replace(`(${column} IS NULL)`, '').replace(/^\((\(.*\)) AND \)$/, '$1');
  return `${columns} ${rest}`;
}

async function emptyDatabase(name: string): Promise<Database> {
  await sql`create database ${sql.id(name)}`.execute(server.db);
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  const made = openDatabase(url.href);
  opened.push(made);
  return made;
}

async function toFirstRelease(on: Database): Promise<void> {
  const first = { '0001-core': coreMigration, '0002-edge': edgeMigration };
  const old = new Migrator({ db: on, provider: { getMigrations: () => Promise.resolve(first) } });
  expect((await old.migrateToLatest()).error).toBeUndefined();
}

/** The statements of the first release, as it wrote them: from a delivery's run to its end. */
async function lifeOfRun(on: Database): Promise<void> {
  const runId = await queueAttempt(on);
  await inTransaction(on, async (trx) => {
    await sql`select id, state from runs where id = ${runId} for update`.execute(trx);
    await sql`update attempts set status = 'held', fence = 1, worker_id = 'w', lease_until = 1, started_at = 1
      where run_id = ${runId}`.execute(trx);
    await sql`insert into run_events (run_id, seq, event, at) values (${runId}, 1, '{}', 1)`.execute(trx);
  });
  await inTransaction(on, async (trx) => {
    await sql`insert into log_chunks (attempt_id, first_line, line_count, step, encoding, payload)
      select id, 0, 1, 0, 'json', '\x5b5d' from attempts where run_id = ${runId}`.execute(trx);
    await sql`update attempts set status = 'finished', finished_at = 2, lease_until = null, acknowledged = 2,
      log_lines = 1, stated_lines = 1, stated_digest = '', verified = true where run_id = ${runId}`.execute(
      trx,
    );
    await sql`update runs set status = 'succeeded', state = '{}', revision = 3, last_event = 1, updated_at = 2,
      finished_at = 2 where id = ${runId}`.execute(trx);
  });
  await sql`select * from runs order by number desc limit 50`.execute(on);
  await sql`select * from attempts where run_id = ${runId} order by created_at, number`.execute(on);
}

async function queueAttempt(on: Database): Promise<string> {
  const runId = randomUUID();
  await inTransaction(on, async (trx) => {
    await sql`insert into runs (id, project, repository_id, repository, pipeline, event, ref, commit_sha,
        commit_message, commit_author, actor, trigger, plan, state, diagnostics, status, revision, last_event,
        delivery_id, created_at, updated_at)
      values (${runId}, 'shop', 'r', 'acme/shop', 'ci', 'push', 'main', 'c', 'm', 'a', 'a', '{}', '{}', '{}', '[]',
        'running', 1, 0, ${runId}, 1, 1)
      on conflict (delivery_id, pipeline) where delivery_id is not null do nothing`.execute(trx);
    await sql`insert into attempts (id, run_id, stage, number, status, fence, created_at, acknowledged, log_lines)
      values (${randomUUID()}, ${runId}, 'test', 1, 'queued', 0, 1, 0, 0)
      on conflict (run_id, stage, number) do nothing`.execute(trx);
    await sql`insert into outbox (kind, command, due_at) values ('enqueue-attempt', '{}', 1)`.execute(trx);
  });
  await sql`delete from outbox where kind = 'enqueue-attempt' and command ->> 'none' is null`.execute(on);
  return runId;
}

/** As the first release did: a deadlock is tried again, three times in all. */
async function inTransaction(on: Database, work: (trx: Trx) => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await on.transaction().execute(work);
      return;
    } catch (error) {
      const isDeadlock = error instanceof Error && 'code' in error && error.code === '40P01';
      if (!isDeadlock || tries >= 3) throw error;
    }
  }
}
