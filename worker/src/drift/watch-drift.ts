import type { DriftLook } from '@sluice/pipelines/protocol/drift';
import type { Logger } from 'pino';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectionProblem } from '../deploy/connection-problem.ts';
import { messageOf } from '../deploy/deploy-problem.ts';
import type { ServicePlace } from '../deploy/docker/open-service.ts';
import { listServices } from '../deploy/docker/running-services.ts';
import type { DriftClient } from '../server-client/drift-client.ts';
import type { ServiceState } from '../deploy/docker/service-state.ts';
import { isTokenRefused } from '../server-client/http-door.ts';
import { timeLimit } from '../time-limit.ts';
import type { Looked } from './look-at-deployment.ts';
import { lookAtService } from './look-at-service.ts';

export interface DriftWatch extends ServicePlace {
  readonly server: DriftClient;
  readonly workerId: string;
  readonly kubeconfigPath: string | null;
  readonly everyMs: number;
  readonly log: Logger;
}

const lookMs = 20_000;
/** A cluster that does not answer takes all of `lookMs`, and the others need not wait for it. */
const sideBySide = 4;
/** In a row; what is still due waits for the next round. */
const mostLooks = 50;

/**
 * Asks the server for places to look at, a few at a time, with a rest of `everyMs` when none is due. Reads only, with
 * the rights of deployments. `close` breaks a look off: another worker takes it up.
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

/** Until none is due. Rejects, when all looks have ended, with the first thing that kept one from the server. */
export async function lookAtAll(watch: DriftWatch, signal: AbortSignal): Promise<void> {
  const rows = Array.from({ length: sideBySide }, () => lookInTurn(watch, signal));
  for (const ended of await Promise.allSettled(rows)) if (ended.status === 'rejected') throw ended.reason;
}

async function lookInTurn(watch: DriftWatch, signal: AbortSignal): Promise<void> {
  for (let looks = 0; looks < mostLooks && !signal.aborted; looks += 1) {
    const services = await listServices(watch.dataDir);
    const look = await watch.server.next({
      workerId: watch.workerId,
      environments: services.map(({ environment }) => environment),
      services: services.map(({ environment, service }) => ({ environment, service })),
    });
    if (look === null) return;
    const looked = await lookOnce(watch, look, signal);
    if (signal.aborted) return;
    const { environment, cluster, fence } = look;
    await watch.server.looked(environment, { cluster, fence, ...looked });
  }
}

async function lookOnce(watch: DriftWatch, look: DriftLook, signal: AbortSignal): Promise<Looked> {
  const limit = timeLimit(lookMs);
  try {
    if (look.target.kind === 'kubernetes') {
      const { lookAtDeployment } = await import('./look-at-deployment.ts');
      const either = AbortSignal.any([signal, limit]);
      return await lookAtDeployment(look, look.target, watch.kubeconfigPath, either);
    }
    const known = (await listServices(watch.dataDir)).find((service) => isOf(look, service));
    if (known !== undefined) return { seen: await lookAtService(watch, known), missingRights: null };
    return unreadable('its service is not on this host any more');
  } catch (error) {
    if (limit.aborted) return unreadable(tooSlow);
    return unreadable((connectionProblem(error) ?? { message: messageOf(error) }).message);
  }
}

/** A cluster of several has the service of its target; the only place of an environment has what was deployed for it. */
function isOf(look: DriftLook, { installation, environment, service }: ServiceState): boolean {
  if (installation !== look.installation || environment !== look.environment) return false;
  return look.cluster === null || (look.target.kind === 'docker' && look.target.service === service);
}

const unreadable = (message: string): Looked => ({
  seen: { kind: 'unreadable', message: message.slice(0, 2_000) },
  missingRights: null,
});

const tooSlow = `The deploy target does not answer within ${lookMs / 1_000} seconds: check that it runs and that this worker may reach it.`;

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
}
