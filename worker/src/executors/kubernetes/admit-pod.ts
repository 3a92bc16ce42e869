import { setTimeout as sleep } from 'node:timers/promises';
import type { OpenedWorkspace, WorkspaceSpec } from '../executor.ts';
import { ClusterRefusedError, type PodCluster } from './pod-cluster.ts';
import { podName } from './pod-manifest.ts';
import { podRefusal } from './pod-refusal.ts';
import type { NewPod, StagePod } from './stage-pod.ts';

export type AdmittedPod =
  | { readonly kind: 'admitted'; readonly pod: StagePod }
  | Extract<OpenedWorkspace, { readonly kind: 'failed' }>;

/** The first is short: pods of stages that have just ended still count for a moment. */
const firstWaitMs = 500;
const longestWaitMs = 10_000;

/**
 * Has the cluster take the pod, and waits for it until `deadline` (milliseconds since the epoch) while a quota is used
 * up. What else the cluster refuses is a failure with its words and what to do.
 */
export async function admitPod(
  cluster: PodCluster,
  spec: WorkspaceSpec,
  manifest: NewPod,
  deadline: number,
  signal: AbortSignal,
): Promise<AdmittedPod> {
  const startedAt = Date.now();
  let said = '';
  for (let waitMs = firstWaitMs; ; waitMs = Math.min(longestWaitMs, waitMs * 1.5)) {
    signal.throwIfAborted();
    try {
      const pod = await cluster.createPod(manifest);
      if (pod !== null) return { kind: 'admitted', pod };
      throw new Error(`another worker has made the pod ${podName(spec.labels)} of this stage`);
    } catch (error) {
      if (!(error instanceof ClusterRefusedError)) throw error;
      const refusal = podRefusal(error.status, error.said, cluster.namespace);
      if (refusal.kind !== 'quota-used-up')
        return { kind: 'failed', reason: refusal.kind, message: refusal.message };
      if (Date.now() >= deadline) return tooLate(refusal.message, Date.now() - startedAt);
      if (refusal.message !== said) spec.onProgress(`waits for room: ${refusal.message}`);
      said = refusal.message;
    }
    await sleep(Math.min(waitMs, Math.max(0, deadline - Date.now())), undefined, { signal });
  }
}

function tooLate(why: string, waitedMs: number): AdmittedPod {
  const message =
    `${why}, and was so for ${Math.round(waitedMs / 1_000)} s, as long as a stage waits for room. ` +
    'Raise the quota, run fewer stages at once (maxRunningStages of the project, slots of the workers), or raise start_within in the pod settings.';
  return { kind: 'failed', reason: 'cluster', message };
}
