import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { openTestDatabase } from './test-database.ts';

test('a connection that PostgreSQL ends between two queries of a transaction rejects the transaction alone', async () => {
  const { db, close } = await openTestDatabase();
  try {
    const cut = db.transaction().execute(async (trx) => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(trx);
      await sql`select pg_terminate_backend(${rows[0]?.pid ?? 0}, 5000)`.execute(db);
      await sql`select 1`.execute(trx);
    });
    await expect(cut).rejects.toThrow(/terminat|queryable/i);
    expect((await sql<{ one: number }>`select 1 as one`.execute(db)).rows).toEqual([{ one: 1 }]);
  } finally {
    await close();
  }
});
