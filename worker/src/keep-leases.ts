// The first thing that a worker's new process does, before it loads what it needs for stages and before it asks its
// engines: on a busy host that takes longer than a lease.
import { setTimeout as sleep } from 'node:timers/promises';
import type { HttpDoor } from './server-client/http-door.ts';
import { timeLimit } from './time-limit.ts';

const everyMs = 5_000;
const retryMs = 500;
/** One that has not taken up its attempts by then hangs, and they may be given to others. */
const longestMs = 120_000;

/**
 * Keeps for this worker what the server believes it to hold, until the returned function is called: from then on
 * heartbeats name each attempt. A server that is away is asked again; one that refuses says so to later calls too.
 */
export function keepLeases(door: Pick<HttpDoor, 'call'>, workerId: string): () => void {
  const stopping = new AbortController();
  const until = AbortSignal.any([stopping.signal, timeLimit(longestMs)]);
  void keep(door, workerId, until);
  return () => stopping.abort();
}

async function keep(door: Pick<HttpDoor, 'call'>, workerId: string, until: AbortSignal): Promise<void> {
  const body = JSON.stringify({ workerId });
  while (!until.aborted) {
    const isKept = await door
      .call({ method: 'POST', path: '/worker/held', body, timeoutMs: everyMs, signal: until })
      .then(
        () => true,
        () => false,
      );
    await sleep(isKept ? everyMs : retryMs, undefined, { signal: until, ref: false }).catch(() => undefined);
  }
}
