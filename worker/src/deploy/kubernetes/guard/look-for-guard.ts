// Whether a guard is at work in a namespace. Nobody's clock says so: its heartbeat is seen to change.
import { setTimeout as sleep } from 'node:timers/promises';
import type { GuardFacts } from '@sluice/pipelines/rollout/rollout-state';
import { DeployProblem } from '../../deploy-problem.ts';
import type { KubeClient } from '../kube-client.ts';
import { heartbeatLeaseName } from '../marks.ts';
import { leaseKind, readHeartbeat } from './rollout-lease.ts';

/** Guards say that they live at least this often. */
export const heartbeatMs = 2_000;
/** One that is not heard of for so long does not live; its API calls may take a while. */
const patienceMs = 5 * heartbeatMs;
const pollMs = 400;

export async function lookForGuard(client: KubeClient, signal: AbortSignal): Promise<GuardFacts> {
  const look = async (): Promise<string | null> => {
    const found = await client.find({ ...leaseKind, name: heartbeatLeaseName });
    return found === null ? null : readHeartbeat(found);
  };
  try {
    const first = await look();
    if (first === null) return { problem: noGuard(client.namespace) };
    const until = performance.now() + patienceMs;
    while (performance.now() < until) {
      await sleep(pollMs, undefined, { signal });
      if ((await look()) !== first) return { problem: null };
    }
    return { problem: silentGuard(client.namespace) };
  } catch (error) {
    if (error instanceof DeployProblem && error.reason === 'forbidden') return { problem: error.message };
    throw error;
  }
}

export const noGuard = (namespace: string): string =>
  `no guard is installed in namespace ${namespace}: \`sluice guard manifests --namespace ${namespace} …\` prints what to apply (docs/guard.md)`;

const silentGuard = (namespace: string): string =>
  `the guard in namespace ${namespace} gives no sign of life: look at \`kubectl --namespace ${namespace} logs deployment/sluice-guard\``;
