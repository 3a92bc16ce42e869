/** A terminal's Ctrl-C reaches npm and us, and npm passes its own on: what comes this soon is the same key. */
const sameKeyMs = 2_000;

/** Aborts at the first SIGINT or SIGTERM; a later, second one ends the process at once. */
export function processSignal(): AbortSignal {
  const controller = new AbortController();
  let firstAt = 0;
  const stop = () => {
    if (!controller.signal.aborted) {
      firstAt = Date.now();
      controller.abort();
    } else if (Date.now() - firstAt > sameKeyMs) process.exit(130);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return controller.signal;
}
