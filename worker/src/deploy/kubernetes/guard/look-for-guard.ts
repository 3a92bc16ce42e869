// Whether a guard is at work in a namespace. Nobody's clock says so: its heartbeat is seen to change.
import { setTimeout as sleep } from 'node:timers/promises';
import type { GuardFacts } from '@sluice/pipelines/rollout/rollout-state';
import { DeployProblem } from '../../deploy-problem.ts';
import type { KubeClient } from '../kube-client.ts';
import { heartbeatLeaseName } from '../marks.ts';
import { patienceMs } from './guard-sightings.ts';
import { leaseKind, readHeartbeat } from './rollout-lease.ts';

const pollMs = 400;

export async function lookForGuard(client: KubeClient, signal: AbortSignal): Promise<GuardFacts> {
  try {
    const first = await findHeartbeat(client);
    if (first === null) return { problem: noGuard(client.namespace) };
    const until = performance.now() + patienceMs;
    while (performance.now() < until) {
      await sleep(pollMs, undefined, { signal });
      if ((await findHeartbeat(client)) !== first) return { problem: null };
    }
    return { problem: silentGuard(client.namespace) };
  } catch (error) {
    if (error instanceof DeployProblem && error.reason === 'forbidden') return { problem: error.message };
    throw error;
  }
}

/** Empty: it was installed and never was at work; null: it was not installed. */
export async function findHeartbeat(client: KubeClient): Promise<string | null> {
  const found = await client.find({ ...leaseKind, name: heartbeatLeaseName });
  return found === null ? null : readHeartbeat(found);
}

export const noGuard = (namespace: string): string =>
  `no guard is installed in namespace ${namespace}: \`sluice guard manifests --namespace ${namespace} …\` prints what to apply (docs/guard.md)`;

export const silentGuard = (namespace: string): string =>
  `the guard in namespace ${namespace} gives no sign of life: look at \`kubectl --namespace ${namespace} logs deployment/sluice-guard\``;
