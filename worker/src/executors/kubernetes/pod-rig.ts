// For tests only: a namespace of its own in a real cluster.
import { randomBytes } from 'node:crypto';
import { CoreV1Api, KubeConfig, NetworkingV1Api } from '@kubernetes/client-node';
import { connectCluster } from '../../deploy/kubernetes/kube-connection.ts';
import type { Executor } from '../executor.ts';
import { createKubernetesExecutor } from './kubernetes-executor.ts';
import { validLabels } from './label-values.ts';
import { connectPodCluster, type PodCluster } from './pod-cluster.ts';
import { defaultPodSettings, type PodSettings } from './pod-settings.ts';

export interface PodRig extends AsyncDisposable {
  readonly namespace: string;
  readonly api: CoreV1Api;
  readonly config: KubeConfig;
  readonly policies: NetworkingV1Api;
  readonly cluster: (config?: KubeConfig, place?: string) => PodCluster;
  /** `place`: another namespace than the rig's own. */
  readonly executor: (settings?: Partial<PodSettings>, config?: KubeConfig, place?: string) => Executor;
  /** As `kubectl drain` does. */
  readonly evict: (pod: string) => Promise<void>;
  /** Pods, secrets and policies that carry these labels, without the pods that the cluster is taking away. */
  readonly countLeft: (labels: Readonly<Record<string, string>>) => Promise<number>;
}

const patienceMs = 60_000;

export async function openPodRig(): Promise<PodRig> {
  const config = new KubeConfig();
  config.loadFromDefault();
  const api = config.makeApiClient(CoreV1Api);
  const policies = config.makeApiClient(NetworkingV1Api);
  const namespace = `sluice-test-${randomBytes(4).toString('hex')}`;
  await api.createNamespace({ body: { metadata: { name: namespace } } });
  const cluster = (over = config, place = namespace): PodCluster =>
    connectPodCluster({ config: over, namespace: place, patienceMs, onAbsence: () => {} });
  return {
    namespace,
    api,
    config,
    policies,
    cluster,
    evict: async (pod) => {
      const path = `/api/v1/namespaces/${namespace}/pods/${pod}/eviction`;
      const body = { apiVersion: 'policy/v1beta1', kind: 'Eviction', metadata: { name: pod, namespace } };
      const connection = await connectCluster(config, new AbortController().signal);
      const { status } = await connection.send({
        method: 'POST',
        path,
        body,
        contentType: 'application/json',
      });
      connection.close();
      if (status >= 300) throw new Error(`the pod was not evicted: status ${status}`);
    },
    executor: (settings = {}, over = config, place = namespace) =>
      createKubernetesExecutor(cluster(over, place), {
        settings: { ...defaultPodSettings, ...settings },
        patienceMs,
      }),
    countLeft: async (labels) => {
      const labelSelector = Object.entries(validLabels(labels))
        .map(([name, value]) => `${name}=${value}`)
        .join(',');
      const [pods, secrets, kept] = await Promise.all([
        api.listNamespacedPod({ namespace, labelSelector }),
        api.listNamespacedSecret({ namespace, labelSelector }),
        policies.listNamespacedNetworkPolicy({ namespace, labelSelector }),
      ]);
      const staying = pods.items.filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
      return staying.length + secrets.items.length + kept.items.length;
    },
    [Symbol.asyncDispose]: async () => {
      await api.deleteNamespace({ name: namespace });
    },
  };
}
