import type { Database } from '../store/database.ts';
import { findRuns, listChangedRuns, listRuns } from '../store/run-store.ts';
import { runSummaries } from '../views/run-view.ts';
import { viewRestMs, type Send, type Watch } from './watch.ts';

const newest = 50;
/** Transactions commit in another order than they begin, and servers' clocks differ a little. */
const overlapMs = 10_000;

/** First the newest runs, oldest of them first; then each run whenever it changes. */
export function watchRuns(db: Database, now: () => number): Watch {
  const seen = new Map<string, number>();
  let since: number | null = null;

  async function bringUp(send: Send): Promise<void> {
    const lookedAt = now();
    const ids = since === null ? await first() : await changed(since);
    const runs = [...(await findRuns(db, ids))].sort((a, b) => a.number - b.number);
    const summaries = await runSummaries(db, runs);
    for (const [index, run] of runs.entries()) {
      const summary = summaries[index];
      seen.set(run.id, run.revision);
      if (summary !== undefined && !(await send({ kind: 'run-summary', run: summary }))) return;
    }
    since = lookedAt - overlapMs;
  }

  async function first(): Promise<readonly string[]> {
    const filter = { project: null, status: null, branch: null, pipeline: null, before: null };
    const runs = await listRuns(db, { ...filter, search: '', limit: newest });
    return runs.map((run) => run.id);
  }

  async function changed(from: number): Promise<readonly string[]> {
    const runs = await listChangedRuns(db, from);
    return runs.filter((run) => seen.get(run.id) !== run.revision).map((run) => run.id);
  }

  return {
    kind: 'watch-runs',
    id: 'runs',
    restMs: viewRestMs,
    hears: (news) => news.kind === 'run',
    bringUp,
  };
}
