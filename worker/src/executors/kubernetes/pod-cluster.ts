// The few things that pods of stages need of a cluster, all in one namespace. A short absence of the API server is
// waited out here: every call is safe to send again.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeConfig } from '@kubernetes/client-node';
import { z } from 'zod';
import {
  connectCluster,
  type KubeAnswer,
  type KubeConnection,
  type KubeRequest,
} from '../../deploy/kubernetes/kube-connection.ts';
import { listMarked, type MarkedObjects } from './list-marked.ts';
import { stagePod, type NewPod, type StagePod } from './stage-pod.ts';

export interface PodCluster {
  readonly namespace: string;
  /** For connections into pods. */
  readonly config: KubeConfig;
  /** Null: one of that name is there already, made by someone else. Rejects with ClusterRefusedError. */
  readonly createPod: (manifest: NewPod) => Promise<StagePod | null>;
  readonly createObject: (kind: ExtraKind, manifest: object) => Promise<void>;
  readonly findPod: (name: string) => Promise<StagePod | null>;
  readonly listPods: (labels: Readonly<Record<string, string>>) => Promise<readonly StagePod[]>;
  /** Names, labels and ages of what carries the labels (`name=value`, or a name alone); never its content. */
  readonly listMarked: (kind: ExtraKind | 'pods', labels: readonly string[]) => Promise<MarkedObjects>;
  readonly patchObject: (kind: ExtraKind | 'pods', name: string, patch: object) => Promise<void>;
  /** Only the very pod that `pod` is, in the state that was read. False: it has changed since, or is another one. */
  readonly deletePod: (pod: PodState, graceSeconds: number) => Promise<boolean>;
  /** One that is gone already is fine. */
  readonly deleteObject: (kind: ExtraKind, name: string) => Promise<void>;
  /** The last lines that a container wrote; nothing when there is none. */
  readonly readLog: (pod: string, container: string) => Promise<string>;
  /** Calls again while the API server is away; rejects with ClusterAwayError when it stays away. */
  readonly whileAway: <T>(work: () => Promise<T>) => Promise<T>;
}

/** A pod as it was read at one moment. */
export interface PodState {
  readonly metadata: Pick<StagePod['metadata'], 'name' | 'uid' | 'resourceVersion' | 'deletionTimestamp'>;
}

export type ExtraKind = 'secrets' | 'networkpolicies';

/** Thrown when the API server refuses what was asked, with its own words: quota, admission, rights. */
export class ClusterRefusedError extends Error {
  override readonly name = 'ClusterRefusedError';
  readonly status: number;
  /** The server's own words. */
  readonly said: string;
  constructor(what: string, said: string, status: number) {
    super(`The cluster refused to ${what}: ${said}`);
    this.status = status;
    this.said = said;
  }
}

/** Thrown when the API server did not answer for longer than is waited for. */
export class ClusterAwayError extends Error {
  override readonly name = 'ClusterAwayError';
}

export interface PodClusterOptions {
  readonly config: KubeConfig;
  readonly namespace: string;
  /** How long the API server may be away before what waits for it fails. */
  readonly patienceMs: number;
  /** Told once each time that it goes away, and when it is back. */
  readonly onAbsence: (message: string) => void;
}

export function connectPodCluster(options: PodClusterOptions): PodCluster {
  const { config, namespace } = options;
  const whileAway = patiently(options);
  let connecting: Promise<KubeConnection> | null = null;
  const connection = (): Promise<KubeConnection> =>
    (connecting ??= connectCluster(config, new AbortController().signal));
  const ask = (request: KubeRequest, what: string, fine: readonly number[] = []): Promise<KubeAnswer> =>
    whileAway(async () => {
      const answer = await (await connection()).send(request);
      const said = wordsOf(answer);
      if (isPassing(answer)) throw new AwayForNow(said);
      if ((answer.status >= 200 && answer.status < 300) || fine.includes(answer.status)) return answer;
      throw new ClusterRefusedError(what, said, answer.status);
    });
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  const pathOf = (kind: ExtraKind | 'pods'): string =>
    kind === 'networkpolicies'
      ? `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`
      : `/api/v1/namespaces/${namespace}/${kind}`;
  const asJson = 'application/json';
  const findPod = async (name: string): Promise<StagePod | null> => {
    const { status, body } = await ask({ method: 'GET', path: `${pods}/${name}` }, 'show a pod', [missing]);
    return status === missing ? null : stagePod.parse(body);
  };

  return {
    namespace,
    config,
    whileAway,
    createPod: async (manifest) => {
      // The answer to the first try may be lost, and the second is then told that the pod is there.
      const maker = randomUUID();
      const annotations = { ...manifest.metadata.annotations, [makerNote]: maker };
      const made = { ...manifest, metadata: { ...manifest.metadata, annotations } };
      const request = { method: 'POST', path: pods, body: made, contentType: asJson } as const;
      const { status, body } = await ask(request, 'start the pod of this stage', [conflict]);
      if (status !== conflict) return stagePod.parse(body);
      const there = await findPod(manifest.metadata.name);
      return there?.metadata.annotations?.[makerNote] === maker ? there : null;
    },
    createObject: async (kind, manifest) => {
      const request = { method: 'POST', path: pathOf(kind), body: manifest, contentType: asJson } as const;
      await ask(request, `make what the pod needs (${kind})`, [conflict]);
    },
    findPod,
    listPods: async (labels) => {
      const selector = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
      const path = `${pods}?labelSelector=${encodeURIComponent(selector.join(','))}`;
      const { body } = await ask({ method: 'GET', path }, 'list pods');
      return z.object({ items: z.array(stagePod) }).parse(body).items;
    },
    listMarked: (kind, labels) =>
      listMarked(pathOf(kind), labels, (request) => ask(request, `list what stages have left (${kind})`)),
    readLog: async (pod, container) => {
      const path = `${pods}/${pod}/log?container=${container}&tailLines=${logLines}&limitBytes=${logBytes}`;
      const { body } = await ask({ method: 'GET', path, accept: '*/*' }, 'read a log', [missing, 400]);
      return wordsOf({ status: 200, body });
    },
    patchObject: async (kind, name, patch) => {
      const contentType = 'application/merge-patch+json';
      const request = { method: 'PATCH', path: `${pathOf(kind)}/${name}`, body: patch, contentType } as const;
      await ask(request, `change what belongs to this stage (${kind})`, [missing]);
    },
    deletePod: async ({ metadata: { name, uid, resourceVersion } }, graceSeconds) => {
      const body = { gracePeriodSeconds: graceSeconds, preconditions: { uid, resourceVersion } };
      const request = { method: 'DELETE', path: `${pods}/${name}`, body, contentType: asJson } as const;
      const { status } = await ask(request, 'remove a pod', [missing, conflict]);
      return status !== conflict;
    },
    deleteObject: async (kind, name) => {
      const request = { method: 'DELETE', path: `${pathOf(kind)}/${name}` } as const;
      await ask(request, `remove what belonged to a pod (${kind})`, [missing]);
    },
  };
}

/** Annotation: which call made the pod. */
const makerNote = 'sluice.dev/made-by';
const logLines = 20;
const logBytes = 8_000;
const missing = 404;
const conflict = 409;

/** The server answers, and says that it cannot now. */
class AwayForNow extends Error {}

const firstWaitMs = 100;
const longestWaitMs = 5_000;

function patiently({ patienceMs, onAbsence }: PodClusterOptions): PodCluster['whileAway'] {
  let awaySince: number | null = null;
  return async (work) => {
    const startedAt = Date.now();
    for (let waitMs = firstWaitMs; ; waitMs = Math.min(longestWaitMs, waitMs * 2)) {
      try {
        const result = await work();
        if (awaySince !== null) onAbsence('the Kubernetes API server answers again');
        awaySince = null;
        return result;
      } catch (error) {
        if (error instanceof ClusterRefusedError || !isAbsence(error)) throw error;
        if (awaySince === null) onAbsence(`the Kubernetes API server does not answer: ${error.message}`);
        awaySince ??= Date.now();
        if (Date.now() - startedAt > patienceMs) {
          const minutes = Math.round(patienceMs / 60_000);
          throw new ClusterAwayError(
            `the Kubernetes API server has not answered for ${minutes} min: ${error.message}`,
            { cause: error },
          );
        }
        await sleep(waitMs);
      }
    }
  };
}

/** Errors of the network have a code; anything else is a mistake of ours. */
function isAbsence(error: unknown): error is Error {
  return error instanceof AwayForNow || (error instanceof Error && 'code' in error);
}

const refusal = z.object({ message: z.string() });

function wordsOf({ status, body }: Omit<KubeAnswer, 'at'>): string {
  return refusal.safeParse(body).data?.message ?? `status ${status}`;
}

/** Two pods that count against one quota at the same moment are a conflict that passes. */
function isPassing({ status, body }: Omit<KubeAnswer, 'at'>): boolean {
  const isQuotaRace = status === conflict && /resource quota/i.test(wordsOf({ status, body }));
  return status === 429 || status >= 500 || isQuotaRace;
}
