import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from '../api-client.ts';

const patienceMs = 60_000;

/** Resolves when the server answers that it is ready. Throws with the place of its log when it does not. */
export async function waitUntilReady(url: string, logFile: string, signal: AbortSignal): Promise<void> {
  for (
    const deadline = Date.now() + patienceMs;
    Date.now() < deadline;
    await sleep(100, undefined, { signal })
  ) {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) }).catch(() => null);
    if (answer?.ok === true) return;
  }
  throw new Error(
    `the server did not become ready at ${url} in ${patienceMs / 1_000} s; its log: ${logFile}`,
  );
}

/** A link that signs one person in, once. */
export async function readLoginLink(api: ApiClient): Promise<string> {
  const { link } = await api.call<{ link: string }>('POST', '/api/login-links');
  return link;
}
