// Whose pods are whose, and why some are not ready. Pure.
import type { Pod } from './kube-objects.ts';
import { canaryName, mark, trafficGate } from './marks.ts';

export interface PodView {
  readonly name: string;
  /** Null: the pod was made by somebody else, without a version. */
  readonly version: string | null;
  readonly isCanaryDeployment: boolean;
  /** By which a Service can tell the sides apart; null: the pod was made by somebody else. */
  readonly track: string | null;
  /** Its containers pass their checks; it gets traffic if it is also `isServing`. */
  readonly isHealthy: boolean;
  readonly isServing: boolean;
  readonly isOpen: boolean;
  readonly problem: string | null;
}

/** Pods of a workload and its canary that may get traffic now or later. `now`: milliseconds since the epoch. */
export function viewPods(pods: readonly Pod[], workload: string, now: number): readonly PodView[] {
  return pods.flatMap((pod) => {
    const owner = ownerOf(pod, workload);
    if (owner === null || isOver(pod)) return [];
    const view = viewPod(pod, owner === canaryName(workload), now);
    if (typeof pod.metadata.deletionTimestamp !== 'string') return [view];
    return view.isServing && hasJustBegunToEnd(pod, now)
      ? [{ ...view, isHealthy: false, problem: null }]
      : [];
  });
}

/** Pods of a workload and its canary whose containers may still run. */
export function podsLeft(
  pods: readonly Pod[],
  workload: string,
): readonly { readonly version: string | null }[] {
  return running(pods.filter((pod) => ownerOf(pod, workload) !== null));
}

/** The same for a StatefulSet, whose pods are its own. */
export function viewSetPods(pods: readonly Pod[], set: string, now: number): readonly PodView[] {
  return pods.flatMap((pod) => {
    const isGoing = typeof pod.metadata.deletionTimestamp === 'string';
    return !isOfSet(pod, set) || isOver(pod) || isGoing ? [] : [viewPod(pod, false, now)];
  });
}

export const setPodsLeft = (
  pods: readonly Pod[],
  set: string,
): readonly { readonly version: string | null }[] => running(pods.filter((pod) => isOfSet(pod, set)));

const isOfSet = ({ metadata }: Pod, set: string): boolean =>
  metadata.ownerReferences?.some(({ kind, name }) => kind === 'StatefulSet' && name === set) ?? false;

const running = (pods: readonly Pod[]): readonly { readonly version: string | null }[] =>
  pods
    .filter((pod) => !isOver(pod) && !hasEnded(pod))
    .map(({ metadata }) => ({ version: metadata.labels?.[mark.version] ?? null }));

/** A pod stays in sight for a while after its last container has ended. */
function hasEnded({ metadata, status }: Pod): boolean {
  const containers = status.containerStatuses ?? [];
  const isEnding = typeof metadata.deletionTimestamp === 'string';
  return (
    isEnding && containers.length > 0 && containers.every(({ state }) => state?.terminated !== undefined)
  );
}

/** Until every node has heard that a pod ends, requests still come to it. */
const dataPlaneMs = 2_000;

function hasJustBegunToEnd({ metadata }: Pod, now: number): boolean {
  const graceMs = (metadata.deletionGracePeriodSeconds ?? 0) * 1_000;
  const begun = Date.parse(metadata.deletionTimestamp ?? '') - graceMs;
  return Math.abs(now - begun) < dataPlaneMs;
}

function viewPod(pod: Pod, isCanaryDeployment: boolean, now: number): PodView {
  return {
    name: pod.metadata.name,
    version: pod.metadata.labels?.[mark.version] ?? null,
    isCanaryDeployment,
    track: pod.metadata.labels?.[mark.track] ?? null,
    isHealthy: hasCondition(pod, 'ContainersReady'),
    isServing: hasCondition(pod, 'Ready'),
    isOpen: hasCondition(pod, trafficGate),
    problem: podProblem(pod, now),
  };
}

/** A Deployment's pods belong to a ReplicaSet that is named for it and for the template's hash. */
function ownerOf(pod: Pod, workload: string): string | null {
  const hash = pod.metadata.labels?.['pod-template-hash'];
  const owner = pod.metadata.ownerReferences?.find(({ kind }) => kind === 'ReplicaSet')?.name;
  return [workload, canaryName(workload)].find((name) => owner === `${name}-${hash}`) ?? null;
}

function isOver({ status }: Pod): boolean {
  return status.phase === 'Succeeded' || status.phase === 'Failed';
}

function hasCondition(pod: Pod, type: string): boolean {
  return pod.status.conditions?.some((one) => one.type === type && one.status === 'True') ?? false;
}

/** Reasons that no waiting mends. */
const hopelessReasons = new Set([
  'CrashLoopBackOff',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
]);

/** A cluster that adds nodes by itself needs some time for a pod without a place. */
const schedulingPatienceMs = 60_000;

function podProblem(pod: Pod, now: number): string | null {
  const statuses = [...(pod.status.initContainerStatuses ?? []), ...(pod.status.containerStatuses ?? [])];
  for (const { name, state } of statuses) {
    const { reason, message } = state?.waiting ?? {};
    if (reason !== undefined && hopelessReasons.has(reason)) {
      return `${reason} in container ${name} of pod ${pod.metadata.name}${message === undefined ? '' : `: ${message}`}`;
    }
  }
  const scheduled = pod.status.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status !== 'False') return null;
  const waited = now - Date.parse(scheduled.lastTransitionTime ?? '');
  return waited > schedulingPatienceMs
    ? `${scheduled.reason ?? 'Unschedulable'}: pod ${pod.metadata.name}: ${scheduled.message ?? 'no node has room'}`
    : null;
}
