/**
 * Aborts after `ms`, with a TimeoutError, and keeps no process alive for it. Use this and not `AbortSignal.timeout`:
 * one of those that only stands in an `AbortSignal.any` is garbage to Node 20, and once it is collected it never fires.
 */
export function timeLimit(ms: number): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => {
    controller.abort(new DOMException('The time allowed is over', 'TimeoutError'));
  }, ms).unref();
  return controller.signal;
}
