import { Kysely, PostgresDialect, type Transaction } from 'kysely';
import pg from 'pg';
import type { Schema } from './schema.ts';

export type Database = Kysely<Schema>;
export type Trx = Transaction<Schema>;

/**
 * Opens a pool of connections; nothing is connected before the first query. The caller ends it with
 * `destroy()`. A connection that breaks while idle is replaced; the query under way rejects.
 */
export function openDatabase(url: string): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: 20,
    connectionTimeoutMillis: 10_000,
    types: { getTypeParser },
  });
  pool.on('error', () => undefined); // an idle connection was cut: the pool has already dropped it
  // One that is cut between two queries of a transaction has nobody else to tell; its next query rejects.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
}

const int8 = 20;

/** Identities and counts are far below 2^53, so 8-byte integers are read as numbers. */
const getTypeParser: typeof pg.types.getTypeParser = (oid, format) =>
  oid === int8 ? Number : pg.types.getTypeParser(oid, format);
