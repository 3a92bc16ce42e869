import type { ExecutorSession } from '../executors/executor.ts';

/** Somebody else has the attempt now. */
export function isLost(signal: AbortSignal): boolean {
  return signal.aborted && signal.reason.kind === 'lost';
}

/** What another worker takes over must not be stopped by the one that has lost it. */
export function unlessLost(signal: AbortSignal): AbortSignal {
  const stop = new AbortController();
  const pass = (): void => {
    if (!isLost(signal)) stop.abort(signal.reason);
  };
  if (signal.aborted) pass();
  else signal.addEventListener('abort', pass, { once: true });
  return stop.signal;
}

/** Settles only when the attempt was lost and its step goes on elsewhere. */
export async function whenLost(session: ExecutorSession, signal: AbortSignal): Promise<'left'> {
  if (session.release === null) return await new Promise(() => {});
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  return isLost(signal) ? 'left' : await new Promise(() => {});
}
