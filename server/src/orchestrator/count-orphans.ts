import type { ServerContext } from '../context.ts';
import { readLooks } from '../store/orphan-store.ts';
import { orphans } from './metrics.ts';

const restMs = 2_000;

/**
 * Every server shows what any of them was told, so that it does not matter which one a worker had spoken to. What nobody
 * looks at any more, because its workers are gone, is no longer shown at all: 0 would be a claim. Returns how long it may rest.
 */
export async function countOrphans({ db, now }: ServerContext): Promise<number> {
  const seen = await readLooks(db, now());
  orphans.reset();
  for (const { engine, kind, orphans: count } of seen) orphans.set({ engine, kind }, count);
  return restMs;
}
