import type Docker from 'dockerode';
import type { Logger } from 'pino';
import { removeOldImages } from './image-reaper.ts';

const everyMs = 3_600_000;
/** Long enough for a run that waits for a person's approval before its push or deployment. */
const keepMs = 7 * 24 * 3_600_000;

/** Removes this worker's old build images from its engine, now and every hour; gives the function that ends it. */
export function reapImages(docker: Docker, workerId: string, log: Logger): () => void {
  const reap = () => {
    removeOldImages(docker, `sluice.worker=${workerId}`, keepMs, Date.now()).then(
      (removed) => removed > 0 && log.info({ removed }, 'removed build images of runs long ended'),
      (error: unknown) =>
        log.warn({ err: error }, 'old build images could not be removed; tried again in an hour'),
    );
  };
  reap();
  const timer = setInterval(reap, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
