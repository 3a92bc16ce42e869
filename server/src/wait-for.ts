import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';

/**
 * Tries `attempt` until it succeeds, for at most `limitMs`; then throws what to do, with the last failure as its
 * cause.
 */
export async function waitFor<T>(
  what: { readonly name: string; readonly setting: string },
  attempt: () => Promise<T>,
  options: { readonly log: Logger; readonly limitMs: number },
): Promise<T> {
  const { log, limitMs } = options;
  const deadline = Date.now() + limitMs;
  for (let pauseMs = 100; ; pauseMs = Math.min(pauseMs * 2, 2_000)) {
    try {
      return await attempt();
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message || cause.name : String(cause);
      if (Date.now() + pauseMs > deadline) {
        throw new Error(
          `${what.name} did not answer within ${limitMs / 1_000} s (${reason}). Start it, or mend ${what.setting}.`,
          { cause },
        );
      }
      log.warn({ reason }, `${what.name} does not answer yet: waiting (${what.setting})`);
      await sleep(pauseMs);
    }
  }
}
