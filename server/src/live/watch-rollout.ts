import type { Database } from '../store/database.ts';
import { findRolloutRevision } from '../store/rollout-store.ts';
import { rolloutView } from '../views/rollout-view.ts';
import { viewRestMs, type Watch } from './watch.ts';

/** The whole rollout each time it changes. */
export function watchRollout(db: Database, rolloutId: string): Watch {
  let seen = -1;
  let runId: string | null = null;
  let isUnknown = false;
  return {
    kind: 'watch-rollout',
    id: rolloutId,
    restMs: viewRestMs,
    hears: (news) => news.kind === 'run' && news.runId === runId,
    async bringUp(send) {
      const found = await findRolloutRevision(db, rolloutId);
      if (found === null) {
        const message = `there is no rollout ${rolloutId}`;
        if (!isUnknown) await send({ kind: 'problem', reason: 'no-such-rollout', message });
        isUnknown = true;
        return;
      }
      runId = found.runId;
      if (found.revision === seen) return;
      const rollout = await rolloutView(db, rolloutId);
      if (rollout === null) return;
      seen = rollout.revision;
      await send({ kind: 'rollout', rollout });
    },
  };
}
