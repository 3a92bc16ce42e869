import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listRuns, runsOf, type RunFilter } from './run-store.ts';
import { openTestDatabase, type TestDatabase } from './test-database.ts';

const all: RunFilter = {
  project: null,
  status: null,
  branch: null,
  pipeline: null,
  search: '',
  before: null,
  limit: 51,
};

describe('lists of runs', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await openTestDatabase();
    await fill(database);
  });
  afterAll(() => database.close());

  /** What PostgreSQL does when neither reading everything nor sorting it is on offer. */
  const planOf = (filter: Partial<RunFilter>): Promise<string> =>
    database.db.transaction().execute(async (trx) => {
      await sql`set local enable_seqscan = off`.execute(trx);
      await sql`set local enable_sort = off`.execute(trx);
      const lines = await runsOf(trx, { ...all, ...filter }).explain('text');
      return JSON.stringify(lines);
    });

  test.each([
    ['the newest', {}, 'runs_number'],
    ['the page after', { before: 1_000 }, 'runs_number'],
    ['those of a status', { status: 'failed' as const }, 'runs_by_status'],
    ['those of a branch', { branch: 'topic-3' }, 'runs_by_ref'],
    ['those of a pipeline', { pipeline: 'nightly' }, 'runs_by_pipeline'],
    ['those of a project', { project: 'other' }, 'runs_by_project'],
    ['the page after of a branch', { branch: 'topic-3', before: 1_000 }, 'runs_by_ref'],
  ])('%s are read in order from an index', async (_what, filter, index) => {
    const plan = await planOf(filter);
    expect(plan).toContain(index);
    expect(plan).not.toMatch(/Seq Scan|Sort/);
  });

  test.each([
    ['words', 'needle', 'runs_words'],
    ['a commit', 'c0ffee1', 'runs_by_commit'],
  ])('a search for %s asks an index', async (_what, search, index) => {
    const plan = await database.db.transaction().execute(async (trx) => {
      await sql`set local enable_seqscan = off`.execute(trx);
      await sql`set local enable_indexscan = off`.execute(trx);
      return JSON.stringify(await runsOf(trx, { ...all, search }).explain('text'));
    });
    expect(plan).toContain(index);
  });

  test.each([
    ['a word of the message', 'needle', [500]],
    ['its beginning, in capitals', 'NEED', [500]],
    ['two words, of the message and the branch', 'needle topic', [500]],
    ['a number', '#17', [17]],
    ['the beginning of a commit', 'c0ffee1', [500]],
    ['a part of a path', 'shop #499', [499]],
    ['nothing but signs', '%_\\ \'";', null],
    ['words that no run has', 'needle nowhere', []],
  ])('a search finds %s', async (_what, search, numbers) => {
    const runs = await listRuns(database.db, { ...all, search });
    expect(runs.map(({ number }) => number)).toEqual(
      numbers ?? Array.from({ length: 51 }, (_, at) => 2_000 - at),
    );
  });
});

/** 2,000 runs; number 500 is about a needle. */
async function fill({ db }: TestDatabase): Promise<void> {
  await sql`
    insert into runs (id, project, repository_id, repository, pipeline, event, ref, commit_sha, commit_message,
      commit_author, actor, trigger, diagnostics, status, revision, last_event, created_at, updated_at)
    select gen_random_uuid(), case when n % 400 = 0 then 'other' else 'default' end, 'r', 'acme/shop',
      case when n % 50 = 0 then 'nightly' else 'build' end, 'push', 'topic-' || n % 400,
      case when n = 500 then 'c0ffee1' else md5(n::text) end, case when n = 500 then 'Find the needle' else 'Change ' || n end,
      'ada', 'ada', '{}', '[]', case when n % 100 = 0 then 'failed' else 'succeeded' end, 1, 0, n, n
    from generate_series(1, 2000) as n order by n`.execute(db);
  await sql`analyze runs`.execute(db);
}
