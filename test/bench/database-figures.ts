import pg from 'pg';

export interface DatabaseFigures extends AsyncDisposable {
  readonly query: (text: string, values?: readonly unknown[]) => Promise<readonly Record<string, unknown>[]>;
  /** Rows of runs, events and attempts that scans of whole tables have read since the database was made. */
  readonly rowsScanned: () => Promise<number>;
}

/** A connection of the bench's own, beside the server's. */
export function databaseOf(url: string): DatabaseFigures {
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  const query: DatabaseFigures['query'] = async (text, values = []) =>
    (await pool.query<Record<string, unknown>>(text, [...values])).rows;
  return {
    query,
    rowsScanned: async () => {
      const [row] = await query(
        `select coalesce(sum(seq_tup_read), 0) as rows from pg_stat_user_tables
         where relname in ('runs', 'run_events', 'attempts')`,
      );
      return Number(row?.['rows']);
    },
    [Symbol.asyncDispose]: () => pool.end(),
  };
}
