import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AdoptedWorkspace, Executor, OpenedWorkspace, WorkspaceSpec } from '../executor.ts';
import { admitPod } from './admit-pod.ts';
import { fillHome, fillWorkspace } from './fill-workspace.ts';
import { validLabels } from './label-values.ts';
import { ClusterRefusedError, type PodCluster } from './pod-cluster.ts';
import type { PodPlace } from './pod-console.ts';
import { bindExtras, createExtras, loginsFor, removeLogin } from './pod-extras.ts';
import { identityOf, podManifest, podName, serviceContainer } from './pod-manifest.ts';
import { podRefusal } from './pod-refusal.ts';
import { createPodSession } from './pod-session.ts';
import type { PodSettings } from './pod-settings.ts';
import { readPodState } from './pod-state.ts';
import { fenceOf, removePod } from './remove-pod.ts';
import { podEnd, podStart, stepsContainer, type NewPod, type PodStart, type StagePod } from './stage-pod.ts';
import { untilServicesReady } from './services-ready.ts';

export interface KubernetesExecutorOptions {
  readonly settings: PodSettings;
  /** How long a pod's node may refuse connections before the stage is given up. */
  readonly patienceMs: number;
}

/**
 * One pod an attempt. Its main process is a shell that starts the steps one after another and keeps their output in
 * files (see `resident-pod.ts`), so any worker that may reach the namespace can take the pod up again.
 */
export function createKubernetesExecutor(cluster: PodCluster, options: KubernetesExecutorOptions): Executor {
  return {
    openWorkspace: async (given, signal) => {
      const { image } = given;
      if (image === null) return refused('A pod needs an image: give the stage one.');
      const images = [image, ...given.services.map((service) => service.image)];
      const spec = { ...given, registryCredentials: loginsFor(images, given.registryCredentials) };
      const manifest = podManifest(spec, image, options.settings);
      if (!manifest.ok) return refused(manifest.error);
      const fence = fenceIn(spec);
      try {
        const opened = await open(cluster, spec, image, manifest.value, options, signal);
        if (opened.kind === 'failed') await removePod(cluster, spec, fence, 'ended');
        return opened;
      } catch (error) {
        const refusal = error instanceof ClusterRefusedError ? refusalOf(error, cluster) : null;
        await removePod(cluster, spec, fence, 'ended').catch((problem: unknown) => {
          if (refusal === null) throw problem;
        });
        if (refusal === null) throw error;
        return refusal;
      }
    },
    adoptWorkspace: (spec) => adopt(cluster, spec, options),
  };
}

async function open(
  cluster: PodCluster,
  spec: WorkspaceSpec,
  image: string,
  manifest: NewPod,
  options: KubernetesExecutorOptions,
  signal: AbortSignal,
): Promise<OpenedWorkspace> {
  await removePod(cluster, spec, fenceIn(spec), 'gone');
  await createExtras(cluster, spec);
  const deadline = Date.now() + options.settings.start_within;
  const admitted = await admitPod(cluster, spec, manifest, deadline, signal);
  if (admitted.kind === 'failed') return admitted;
  const { pod } = admitted;
  await bindExtras(cluster, spec, pod);
  const failure = await untilStarted(cluster, spec, image, pod, { ...options.settings, deadline }, signal);
  if (failure !== null) return failure;
  const place = placeOf(cluster, spec, pod, options);
  await removeLogin(cluster, spec);
  const unready = await untilServicesReady(place, spec, signal);
  if (unready !== null) return { kind: 'failed', reason: 'service', message: unready };
  await spec.filled;
  signal.throwIfAborted();
  await bringCaches(place, spec, signal);
  const unfilled = await fillWorkspace(place, spec.workspace, signal);
  if (unfilled !== null) return refused(unfilled);
  return { kind: 'opened', session: createPodSession(place, spec, []) };
}

/** A stage can do without what is cached below its home. */
async function bringCaches(
  place: PodPlace,
  { homeFolders = [], scratch, onProgress }: WorkspaceSpec,
  signal: AbortSignal,
): Promise<void> {
  if (homeFolders.length === 0) return;
  const problem = await fillHome(place, join(scratch, 'home'), signal);
  if (problem !== null) onProgress(`caches below the home of the steps were not restored: ${problem}`);
}

/** Null when all containers run. */
async function untilStarted(
  cluster: PodCluster,
  spec: WorkspaceSpec,
  image: string,
  created: StagePod,
  { start_within, image_pull_secrets, deadline }: PodSettings & { readonly deadline: number },
  signal: AbortSignal,
): Promise<OpenedWorkspace | null> {
  const images = Object.fromEntries([
    [stepsContainer, image],
    ...spec.services.map((service) => [serviceContainer(service.name), service.image]),
  ]);
  let said = '';
  const startedAt = Date.now();
  let saidAt = startedAt;
  for (let waitMs = 100; ; waitMs = Math.min(1_000, waitMs * 1.2)) {
    signal.throwIfAborted();
    const pod = await cluster.findPod(created.metadata.name);
    if (pod === null || pod.metadata.uid !== created.metadata.uid) {
      return ofCluster('The pod of this stage was deleted by someone else before it ran.');
    }
    const start = podStart(pod, images);
    if (start.kind === 'ready') return null;
    if (start.kind === 'failed') return withSecrets(start, cluster, image_pull_secrets);
    if (start.kind === 'lost') return ofCluster(`${start.message}, before it ran.`);
    if (!start.hasNode && Date.now() >= deadline) {
      return ofCluster(
        `No node took the pod of this stage within ${Math.round(start_within / 1_000)} s: it ${start.why}. ` +
          'Check its resources, pod.node_selector and pod.tolerations, add nodes, or raise start_within in the pod settings.',
      );
    }
    const isNews = start.why !== said || Date.now() - saidAt > repeatMs;
    if (isNews && Date.now() - startedAt > quietMs) {
      spec.onProgress((said = start.why));
      saidAt = Date.now();
    }
    await sleep(waitMs);
  }
}

/** What starts at once needs no words. */
const quietMs = 2_000;
/** What waits long says so again. */
const repeatMs = 60_000;

/** The cluster tells nobody but its own events that a pull secret is missing. */
function withSecrets(
  failure: Extract<PodStart, { readonly kind: 'failed' }>,
  { namespace }: PodCluster,
  secrets: readonly string[],
): OpenedWorkspace {
  if (failure.reason !== 'image-pull' || secrets.length === 0) return failure;
  const names = secrets.join(', ');
  const message = `${failure.message} The pod names the pull secrets ${names}: one that is missing or of another registry is passed over without a word, see kubectl -n ${namespace} get secrets.`;
  return { ...failure, message };
}

function refusalOf({ status, said }: ClusterRefusedError, { namespace }: PodCluster): OpenedWorkspace {
  const { kind, message } = podRefusal(status, said, namespace);
  return { kind: 'failed', reason: kind === 'quota-used-up' ? 'cluster' : kind, message };
}

function ofCluster(message: string): OpenedWorkspace {
  return { kind: 'failed', reason: 'cluster', message };
}

async function adopt(
  cluster: PodCluster,
  spec: WorkspaceSpec,
  options: KubernetesExecutorOptions,
): Promise<AdoptedWorkspace> {
  const pods = await cluster.listPods(identityOf(spec.labels));
  const pod = pods.find(({ metadata }) => metadata.name === podName(spec.labels));
  if (pod === undefined) {
    await removeLogin(cluster, spec); // no pod takes it along
    return { kind: 'missing', message: 'the pod of its steps is gone' };
  }
  if (fenceOf(pod) > fenceIn(spec)) throw new Error('another worker has taken the pod of this stage over');
  const end = podEnd(pod);
  if (end !== null) {
    await removePod(cluster, spec, fenceIn(spec), 'gone');
    return { kind: 'gone', message: lowerFirst(end.message) };
  }
  await cluster.patchObject('pods', pod.metadata.name, { metadata: { labels: ownerLabels(spec) } });
  const place = placeOf(cluster, spec, pod, options);
  const state = await readPodState(place);
  if (state === 'never-filled') {
    await removePod(cluster, spec, fenceIn(spec), 'gone');
    return { kind: 'never-used' };
  }
  return { kind: 'adopted', session: createPodSession(place, spec, state) };
}

function placeOf(
  cluster: PodCluster,
  spec: WorkspaceSpec,
  { metadata: { name, uid } }: StagePod,
  { patienceMs }: KubernetesExecutorOptions,
): PodPlace {
  return { cluster, name, uid, fence: fenceIn(spec), patienceMs };
}

function fenceIn({ labels }: WorkspaceSpec): number {
  return Number(labels['sluice.fence'] ?? 0);
}

function ownerLabels({ labels }: WorkspaceSpec): Record<string, string> {
  const { 'sluice.fence': fence = '0', 'sluice.worker': worker = '' } = validLabels(labels);
  return { 'sluice.fence': fence, 'sluice.worker': worker };
}

function refused(message: string): OpenedWorkspace {
  return { kind: 'failed', reason: 'refused', message };
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
