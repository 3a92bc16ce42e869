import { setTimeout as sleep } from 'node:timers/promises';
import type { RemovedOrphan } from '@sluice/pipelines/protocol/orphans';
import { lookForOrphans, type OrphanSearch } from './look-for-orphans.ts';

/**
 * Looks for orphans again and again, one look at a time, with a rest of `everyMs` give or take a fifth between two: workers
 * that started together do not look together. `close` waits a few seconds for a look under way; what it removes, anybody
 * may remove again.
 */
export function reapOrphans(
  search: OrphanSearch,
  random: () => number,
): { readonly close: () => Promise<void> } {
  const closing = new AbortController();
  const done = run(search, random, closing.signal);
  return {
    close: async () => {
      closing.abort();
      await Promise.race([done, rest(goodbyeMs)]);
    },
  };
}

async function run(search: OrphanSearch, random: () => number, signal: AbortSignal): Promise<void> {
  const untold: RemovedOrphan[] = [];
  let isAway = false;
  await rest(search.everyMs * random(), signal);
  while (!signal.aborted) {
    try {
      await lookForOrphans(search, untold, signal);
      isAway = false;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (!isAway && !signal.aborted) search.log.warn(`looking for orphans: ${why}; tried again`);
      isAway = true;
    }
    await rest(search.everyMs * (0.8 + 0.4 * random()), signal);
  }
}

const goodbyeMs = 5_000;

async function rest(ms: number, signal?: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { ...(signal !== undefined && { signal }), ref: false }).catch(() => undefined);
}
