// What durability alone costs: the two transactions of a stage, each made durable before the next step, without an engine.
import pg from 'pg';

const connections = 20;
/** About the state of a run of 50 stages. */
const state = JSON.stringify(
  Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`s${at}`, 'x'.repeat(90)])),
);

/**
 * Stages a second of a bare loop over `slots` on the server's own PostgreSQL: for each stage twice a transaction that
 * changes its attempt, changes the state of its run and adds an event. `runs`: how many runs the stages belong to.
 */
export async function durableStages(
  url: string,
  count: number,
  runs: number,
  slots: number,
): Promise<number> {
  const pool = new pg.Pool({ connectionString: url, max: connections });
  try {
    await pool.query(`drop table if exists bench_runs, bench_attempts, bench_events`);
    await pool.query(`create table bench_runs (id int primary key, state json)`);
    await pool.query(`create table bench_attempts (id int primary key, status text)`);
    await pool.query(
      `create table bench_events (id bigint generated always as identity primary key, event json)`,
    );
    await pool.query(`insert into bench_runs select n, $1 from generate_series(0, $2::int - 1) n`, [
      state,
      runs,
    ]);
    await pool.query(`insert into bench_attempts select n, 'queued' from generate_series(0, $1::int - 1) n`, [
      count,
    ]);
    let next = 0;
    const slot = async (): Promise<void> => {
      for (let stage = next++; stage < count; stage = next++) {
        for (const status of ['held', 'finished']) await storeOnce(pool, stage, stage % runs, status);
      }
    };
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: slots }, slot));
    return count / ((performance.now() - startedAt) / 1_000);
  } finally {
    await pool.end();
  }
}

async function storeOnce(pool: pg.Pool, stage: number, run: number, status: string): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query('select state from bench_runs where id = $1 for update', [run]);
    await client.query('update bench_attempts set status = $2 where id = $1', [stage, status]);
    await client.query('update bench_runs set state = $2 where id = $1', [run, state]);
    await client.query('insert into bench_events (event) values ($1)', [JSON.stringify({ stage, status })]);
    await client.query('commit');
  } finally {
    client.release();
  }
}
