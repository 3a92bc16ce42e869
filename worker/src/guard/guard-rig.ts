// For tests: services with a canary each behind real routes, an engine that promises to come back, and a guard whose
// clock the test moves.
import { KubeConfig } from '@kubernetes/client-node';
import { pino } from 'pino';
import type { GuardFacts } from '@sluice/pipelines/rollout/rollout-state';
import { endPromise, forgetPromise, keepPromise } from '../deploy/kubernetes/guard/keep-promise.ts';
import type { RolloutPromise } from '../deploy/kubernetes/guard/rollout-lease.ts';
import { kubeClient, type KubeClient } from '../deploy/kubernetes/kube-client.ts';
import { connectCluster, type KubeConnection } from '../deploy/kubernetes/kube-connection.ts';
import { guardRollouts, type WatchedPromises } from './guard-rollouts.ts';

export const promised = { holdsMs: 60_000, lookEveryMs: 2_000, longestGapMs: 4_000 } as const;

export interface EngineRig {
  readonly promise: (service: string, version?: string) => RolloutPromise;
  readonly keep: (promise: RolloutPromise, now?: number) => Promise<GuardFacts | null>;
  readonly end: (service: string) => Promise<void>;
  readonly forget: (service: string) => Promise<void>;
}

export interface GuardRig {
  /** Looks every two seconds of its own clock for this long, and does `between` before each look. */
  readonly watch: (forMs: number, between?: () => Promise<unknown>) => Promise<void>;
  /** The clock goes on, and nobody looks. */
  readonly sleep: (ms: number) => void;
}

/** `provider`: a route is called like its Service. */
export function engineRig(client: () => KubeClient, kind: 'httproute' | 'ingress'): EngineRig {
  const options = { begins: true, isRequired: true };
  return {
    promise: (service, version = 'v2') => ({
      provider: { kind, name: service },
      service,
      release: { installation: 'test', environment: 'test', version },
      replicas: 1,
      holdsMs: promised.holdsMs,
    }),
    keep: (promise, now = Date.now()) => keepPromise(client(), promise, { ...options, now: () => now }),
    end: (service) => endPromise(client(), service),
    forget: (service) => forgetPromise(client(), service),
  };
}

export function guardRig(client: () => KubeClient): GuardRig {
  const { lookEveryMs, longestGapMs } = promised;
  const log = pino({ level: 'silent' });
  let watched: WatchedPromises = new Map();
  let now = 1_000_000;
  return {
    watch: async (forMs, between = () => Promise.resolve()) => {
      for (const end = now + forMs; now < end;) {
        now += lookEveryMs;
        await between();
        const look = { client: client(), now, longestGapMs, wallClock: () => Date.now(), log };
        watched = await guardRollouts(look, watched).catch(() => watched);
      }
    },
    sleep: (ms) => {
      now += ms;
    },
  };
}

export interface ClusterLink {
  readonly client: () => KubeClient;
  /** Whether the cluster answers. */
  isUp: boolean;
  readonly close: () => void;
}

export async function linkTo(namespace: string): Promise<ClusterLink> {
  const config = new KubeConfig();
  config.loadFromDefault();
  const ending = new AbortController();
  const connection = await connectCluster(config, ending.signal);
  const link = {
    isUp: true,
    client: () => kubeClient(through, namespace),
    close: () => {
      ending.abort();
      connection.close();
    },
  };
  const through: KubeConnection = {
    ...connection,
    send: (request) =>
      link.isUp ? connection.send(request) : Promise.reject(new Error('connect ECONNREFUSED')),
  };
  return link;
}
