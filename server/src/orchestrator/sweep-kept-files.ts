import { removeUnusedContents } from '../blobs/keep-content.ts';
import type { ServerContext } from '../context.ts';
import { expireArtifacts } from '../store/artifact-store.ts';
import { bumpRun } from '../store/run-store.ts';
import { artifactsExpired, contentsRemoved } from './metrics.ts';
import { inUnit } from './unit.ts';

const restMs = 60_000;

/** Ends artifacts whose time is over, and removes files that nothing refers to; returns how long it may rest. */
export async function sweepKeptFiles(context: ServerContext): Promise<number> {
  await inUnit(context, async ({ trx, at, tell }) => {
    const runs = await expireArtifacts(trx, at);
    for (const runId of runs.toSorted()) {
      await bumpRun(trx, runId, at);
      tell({ kind: 'run', runId });
    }
    artifactsExpired.inc(runs.length);
  });
  contentsRemoved.inc(await removeUnusedContents(context));
  return restMs;
}
