// The parts of a pod that we read, and what they say about the stage in it.
import { z } from 'zod';

const texts = z.record(z.string(), z.string());

const ended = z.looseObject({
  exitCode: z.number(),
  reason: z.string().optional(),
  message: z.string().optional(),
});
const containerStatus = z.looseObject({
  name: z.string(),
  state: z
    .looseObject({
      waiting: z.looseObject({ reason: z.string().optional(), message: z.string().optional() }).optional(),
      running: z.looseObject({}).optional(),
      terminated: ended.optional(),
    })
    .optional(),
});
type ContainerStatus = z.infer<typeof containerStatus>;

/** What we read of a manifest of our own. */
export interface NewPod {
  readonly metadata: { readonly name: string; readonly annotations: Readonly<Record<string, string>> };
}

export const stagePod = z.looseObject({
  metadata: z.looseObject({
    name: z.string().min(1),
    uid: z.string().min(1),
    resourceVersion: z.string().min(1),
    labels: texts.optional(),
    annotations: texts.optional(),
    /** Null: nobody has asked for its end. */
    deletionTimestamp: z
      .string()
      .nullish()
      .transform((at) => at ?? null),
  }),
  status: z.looseObject({
    phase: z.string().optional(),
    reason: z.string().optional(),
    message: z.string().optional(),
    conditions: z
      .array(
        z.looseObject({
          type: z.string(),
          status: z.string(),
          reason: z.string().optional(),
          message: z.string().optional(),
        }),
      )
      .optional(),
    containerStatuses: z.array(containerStatus).optional(),
  }),
});
export type StagePod = z.infer<typeof stagePod>;

/** Name of the container in which the steps run. */
export const stepsContainer = 'steps';

export type PodStart =
  | { readonly kind: 'ready' }
  /** `why`: what it waits for, for people. */
  | { readonly kind: 'waiting'; readonly why: string; readonly hasNode: boolean }
  | {
      readonly kind: 'failed';
      readonly reason: 'image-pull' | 'refused' | 'service' | 'out-of-memory';
      readonly message: string;
    }
  /** Not the author's fault: evicted, deleted by somebody. */
  | { readonly kind: 'lost'; readonly message: string };

/** How far the start of a pod has come. `images`: of its containers, by their names. */
export function podStart(pod: StagePod, images: Readonly<Record<string, string>>): PodStart {
  const statuses = pod.status.containerStatuses ?? [];
  for (const status of statuses) {
    const failure = startFailure(status, images[status.name] ?? status.name);
    if (failure !== null) return failure;
  }
  const end = podEnd(pod);
  if (end?.outOfMemory === true) {
    const message = `${end.message} before a step began: give the stage more resources.memory.`;
    return { kind: 'failed', reason: 'out-of-memory', message };
  }
  if (end !== null) return { kind: 'lost', message: end.message };
  const scheduled = pod.status.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False') {
    return {
      kind: 'waiting',
      why: `waits for a node: ${scheduled.message ?? scheduled.reason ?? 'none yet'}`,
      hasNode: false,
    };
  }
  const isRunning = statuses.length > 0 && statuses.every(({ state }) => state?.running !== undefined);
  if (isRunning) return { kind: 'ready' };
  const isPulling = scheduled?.status === 'True';
  return {
    kind: 'waiting',
    why: isPulling ? 'a node has the pod: it pulls the images and starts' : 'waits for a node',
    hasNode: isPulling,
  };
}

const pullReasons = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
]);
const configReasons = new Set(['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError']);

function startFailure({ name, state }: ContainerStatus, image: string): PodStart | null {
  const { waiting, terminated } = state ?? {};
  const reason = waiting?.reason ?? terminated?.reason ?? '';
  const said = waiting?.message ?? terminated?.message ?? reason;
  if (pullReasons.has(reason)) {
    const message =
      `Image "${image}" could not be pulled by the cluster's node: ${said}. ` +
      'Check its name, that the registry can be reached from the nodes, and its credentials.';
    return { kind: 'failed', reason: 'image-pull', message };
  }
  const isUnstartable = configReasons.has(reason) || /ContainerCannotRun|StartError/.test(reason);
  if (isUnstartable && name === stepsContainer && /executable file not found|no such file/i.test(said)) {
    const message = `Image "${image}" has no shell: steps need "sh" on its PATH. Take an image that has one.`;
    return { kind: 'failed', reason: 'refused', message };
  }
  if (isUnstartable) {
    return { kind: 'failed', reason: 'refused', message: `Image "${image}" cannot be started: ${said}.` };
  }
  if (terminated !== undefined && name !== stepsContainer) {
    const message = `Service "${name}" ended with exit code ${terminated.exitCode} before the steps began.`;
    return { kind: 'failed', reason: 'service', message };
  }
  return null;
}

export interface PodEnd {
  readonly outOfMemory: boolean;
  /** What happened and why, for people. */
  readonly message: string;
}

/** Why nothing of the steps runs in this pod any more; null: it may. */
export function podEnd({ metadata, status }: StagePod): PodEnd | null {
  const words = status.message === undefined ? '' : `: ${status.message.trim()}`;
  const end = (message: string): PodEnd => ({ outOfMemory: false, message });
  if (status.reason === 'Evicted') return end(`The pod was evicted from its node${words}`);
  if (status.reason === 'DeadlineExceeded')
    return end('The pod outlived the deadline of its stage and was ended');
  if (status.reason === 'NodeLost') return end(`The node of the pod is lost${words}`);
  const steps = status.containerStatuses?.find(({ name }) => name === stepsContainer);
  const terminated = steps?.state?.terminated;
  if (terminated?.reason === 'OOMKilled') {
    return { outOfMemory: true, message: 'The container ran out of memory and was killed as a whole' };
  }
  const disruption = status.conditions?.find(({ type }) => type === 'DisruptionTarget');
  if (disruption?.status === 'True') {
    return end(
      `The pod was ended by the cluster (${disruption.reason ?? 'disruption'}): ${disruption.message ?? 'no more is known'}`,
    );
  }
  if (metadata.deletionTimestamp !== null) {
    return end(
      'The pod was deleted by someone else, as an eviction, draining its node or a preemption by a pod of higher priority does',
    );
  }
  if (terminated !== undefined) {
    return end(`The container of the steps was ended from outside (exit code ${terminated.exitCode})`);
  }
  if (status.phase === 'Failed' || status.phase === 'Succeeded') return end(`The pod has ended${words}`);
  return null;
}
