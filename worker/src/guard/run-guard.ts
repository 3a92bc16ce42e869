// The guard: looks, says that it lives, sleeps, until it is told to end. It keeps nothing between two lives: who was
// started again has to see the whole silence itself.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { messageOf } from '../deploy/deploy-problem.ts';
import { leaseKind, microTime } from '../deploy/kubernetes/guard/rollout-lease.ts';
import { heartbeatMs } from '../deploy/kubernetes/guard/guard-sightings.ts';
import { kubeClient, type KubeClient } from '../deploy/kubernetes/kube-client.ts';
import type { KubeConnection } from '../deploy/kubernetes/kube-connection.ts';
import { heartbeatLeaseName, mark } from '../deploy/kubernetes/marks.ts';
import { guardRollouts, type WatchedPromises } from './guard-rollouts.ts';

export interface GuardDependencies {
  readonly connection: KubeConnection;
  readonly namespace: string;
  /** Who holds the heartbeat: the name of the guard's pod. */
  readonly holder: string;
  /** Milliseconds on a clock that nobody sets; default: the process's own. */
  readonly steady?: () => number;
  /** Milliseconds since the epoch, for people. */
  readonly wallClock: () => number;
  readonly log: Logger;
}

/** Resolves when `signal` is aborted, after the look that is under way. */
export async function runGuard(deps: GuardDependencies, signal: AbortSignal): Promise<void> {
  const { connection, namespace, steady = () => performance.now(), wallClock, log } = deps;
  let watched: WatchedPromises = new Map();
  let isHindered = false;
  log.info({ namespace }, 'guarding rollouts');
  while (!signal.aborted) {
    try {
      // A new client at each look: kinds may have been installed meanwhile.
      const client = kubeClient(connection, namespace);
      const look = { client, now: steady(), longestGapMs: 2 * heartbeatMs, wallClock, log };
      watched = await guardRollouts(look, watched);
      await beat(client, deps);
      if (isHindered) log.info({ namespace }, 'the cluster answers again');
      isHindered = false;
    } catch (error) {
      if (signal.aborted) break;
      if (!isHindered) log.error({ namespace }, `the guard cannot look: ${messageOf(error)}`);
      isHindered = true;
    }
    await sleep(heartbeatMs, undefined, { signal }).catch(() => {});
  }
}

/** The Lease comes with the guard's manifests, so that it needs no right to make any. */
async function beat(client: KubeClient, { holder, wallClock }: GuardDependencies): Promise<void> {
  const object = {
    ...leaseKind,
    metadata: { name: heartbeatLeaseName, labels: { [mark.guard]: 'heartbeat' } },
  };
  await client.mergeInto(object, {
    spec: {
      holderIdentity: holder,
      leaseDurationSeconds: (5 * heartbeatMs) / 1_000,
      renewTime: microTime(wallClock()),
    },
  });
}
