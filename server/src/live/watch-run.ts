import type { Database } from '../store/database.ts';
import { findRunRevision } from '../store/run-store.ts';
import { runViewWithWaits } from '../views/run-view.ts';
import { viewRestMs, type Watch } from './watch.ts';

/** The whole run each time it changes, or what stands before its waiting stages does. */
export function watchRun(db: Database, runId: string, now: () => number): Watch {
  let seen = -1;
  let waits = '[]';
  let isUnknown = false;
  return {
    kind: 'watch-run',
    id: runId,
    restMs: viewRestMs,
    hears: (news) => news.kind === 'run' && news.runId === runId,
    async bringUp(send) {
      const revision = await findRunRevision(db, runId);
      if (revision === null) {
        if (!isUnknown)
          await send({ kind: 'problem', reason: 'no-such-run', message: `there is no run ${runId}` });
        isUnknown = true;
        return;
      }
      if (revision === seen && waits === '[]') return;
      const run = await runViewWithWaits(db, runId, now());
      if (run === null) return;
      const waitsNow = JSON.stringify(run.waits);
      if (run.revision === seen && waitsNow === waits) return;
      seen = run.revision;
      waits = waitsNow;
      await send({ kind: 'run', run });
    },
  };
}
