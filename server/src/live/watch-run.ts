import type { Database } from '../store/database.ts';
import { findRunRevision } from '../store/run-store.ts';
import { runView } from '../views/run-view.ts';
import { viewRestMs, type Watch } from './watch.ts';

/** The whole run each time it changes. */
export function watchRun(db: Database, runId: string): Watch {
  let seen = -1;
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
      if (revision === seen) return;
      const run = await runView(db, runId);
      if (run === null) return;
      seen = run.revision;
      await send({ kind: 'run', run });
    },
  };
}
