import type { DriftLook, DriftReport } from '@sluice/pipelines/protocol/drift';
import type { Logger } from 'pino';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../deploy/deploy-problem.ts';
import type { ServicePlace } from '../deploy/docker/open-service.ts';
import { listServices } from '../deploy/docker/running-services.ts';
import type { DriftClient } from '../server-client/drift-client.ts';
import { isTokenRefused } from '../server-client/http-door.ts';
import { timeLimit } from '../time-limit.ts';
import { lookAtService } from './look-at-service.ts';

export interface DriftWatch extends ServicePlace {
  readonly server: DriftClient;
  readonly workerId: string;
  readonly kubeconfigPath: string | null;
  readonly everyMs: number;
  readonly log: Logger;
}

const lookMs = 20_000;
/** In a row; what is still due waits for the next round. */
const mostLooks = 20;

/**
 * Asks the server for environments to look at, one after the other, with a rest of `everyMs` when none is due. Reads only,
 * with the rights of deployments. `close` breaks a look off: another worker takes it up.
 */
export function watchDrift(watch: DriftWatch, random: () => number): { readonly close: () => Promise<void> } {
  const closing = new AbortController();
  const done = run(watch, random, closing.signal);
  return {
    close: async () => {
      closing.abort();
      await done;
    },
  };
}

async function run(watch: DriftWatch, random: () => number, signal: AbortSignal): Promise<void> {
  let isAway = false;
  await rest(watch.everyMs * random(), signal);
  while (!signal.aborted) {
    try {
      await lookAtAll(watch, signal);
      isAway = false;
    } catch (error) {
      if (!isAway && !signal.aborted && !isTokenRefused(error))
        watch.log.warn(`looking for drift: ${messageOf(error)}; tried again`);
      isAway = true;
    }
    await rest(watch.everyMs * (0.8 + 0.4 * random()), signal);
  }
}

export async function lookAtAll(watch: DriftWatch, signal: AbortSignal): Promise<void> {
  for (let looks = 0; looks < mostLooks && !signal.aborted; looks += 1) {
    const services = await listServices(watch.dataDir);
    const environments = services.map(({ environment }) => environment);
    const look = await watch.server.next({ workerId: watch.workerId, environments });
    if (look === null) return;
    const seen = await lookOnce(watch, look, signal);
    if (signal.aborted) return;
    await watch.server.looked(look.environment, { fence: look.fence, seen });
  }
}

async function lookOnce(
  watch: DriftWatch,
  look: DriftLook,
  signal: AbortSignal,
): Promise<DriftReport['seen']> {
  const { target, environment, installation } = look;
  try {
    if (target.kind === 'kubernetes') {
      const { lookAtDeployment } = await import('./look-at-deployment.ts');
      const limit = AbortSignal.any([signal, timeLimit(lookMs)]);
      return await lookAtDeployment(look, target, watch.kubeconfigPath, limit);
    }
    const services = await listServices(watch.dataDir);
    const known = services.find(
      (each) => each.installation === installation && each.environment === environment,
    );
    if (known !== undefined) return await lookAtService(watch, known);
    return { kind: 'unreadable', message: 'its service is not on this host any more' };
  } catch (error) {
    return { kind: 'unreadable', message: messageOf(error).slice(0, 2_000) };
  }
}

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
}
