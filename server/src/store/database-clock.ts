// All servers of an installation have one time: that of their database. What their own hosts' clocks say plays no
// part, so a server whose clock is an hour ahead, or is set, ends no lease and fires no timer of anybody.
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Database } from './database.ts';
import { followClock, type Reading } from './follow-clock.ts';

export interface DatabaseClock {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly close: () => Promise<void>;
}

const restMs = 5_000;
const firstReadings = 3;
/** Smaller steps end no lease and are nobody's concern. */
const worthTellingMs = 1_000;

/**
 * Reads the clock, and again every few seconds; between two looks a counter goes on that nobody can set. `onStep` hears
 * by how many milliseconds that clock was set, when it was more than a second.
 */
export async function openDatabaseClock(
  db: Database,
  onStep: (stepMs: number) => void,
  { tick = () => performance.now(), everyMs = restMs } = {},
): Promise<DatabaseClock> {
  const clock = followClock(await readClock(db, tick));
  for (let reading = 1; reading < firstReadings; reading += 1) clock.take(await readClock(db, tick));
  const closing = new AbortController();
  const look = async (): Promise<void> => {
    const stepMs = clock.take(await readClock(db, tick));
    if (Math.abs(stepMs) >= worthTellingMs) onStep(stepMs);
  };
  const following = follow(look, everyMs, closing.signal);
  return {
    now: () => clock.at(tick()),
    close: async () => {
      closing.abort();
      await following;
    },
  };
}

async function follow(look: () => Promise<void>, everyMs: number, closing: AbortSignal): Promise<void> {
  while (!closing.aborted) {
    await sleep(everyMs, undefined, { signal: closing }).catch(() => undefined);
    if (!closing.aborted) await look().catch(() => undefined); // the database is away: others say so
  }
}

/** Not that of the transaction's beginning. */
async function readClock(db: Database, tick: () => number): Promise<Reading> {
  const before = tick();
  const { rows } = await sql<{ said: number }>`
    select (extract(epoch from clock_timestamp()) * 1000)::float8 as said`.execute(db);
  const after = tick();
  const [row] = rows;
  if (row === undefined) throw new Error('PostgreSQL did not tell the time');
  return { before, said: row.said, after };
}
