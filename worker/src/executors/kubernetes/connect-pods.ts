import { existsSync, readFileSync } from 'node:fs';
import { KubeConfig } from '@kubernetes/client-node';
import type { Logger } from 'pino';
import type { PodsConfig } from '../../config.ts';
import type { Executor } from '../executor.ts';
import { createKubernetesExecutor } from './kubernetes-executor.ts';
import { connectPodCluster, type PodCluster } from './pod-cluster.ts';
import { defaultPodSettings, readPodSettings } from './pod-settings.ts';

export interface Pods {
  readonly executor: Executor;
  /** The cluster and the namespace: a worker of the same place can take up what another left there. */
  readonly place: string;
  /** To be asked what stages have left: gives up soon when the API server is away. */
  readonly cluster: PodCluster;
}

/**
 * The executor for stages as pods, by a kubeconfig or from within a cluster. Nothing is contacted yet. Rejects with a
 * sentence for the operator when the kubeconfig or the pod settings cannot be used.
 */
export async function connectPods(
  options: PodsConfig,
  kubeconfigPath: string | null,
  log: Logger,
): Promise<Pods> {
  const config = loadConfig(kubeconfigPath, options.isInCluster);
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) {
    throw new Error(`${kubeconfigPath ?? 'the cluster'} names no cluster: set a current context`);
  }
  const namespace = options.namespace ?? namespaceOf(config);
  const settings =
    options.settingsPath === null ? defaultPodSettings : await readPodSettings(options.settingsPath);
  const onAbsence = (message: string): void => log.warn(message);
  const { patienceMs } = options;
  const cluster = connectPodCluster({ config, namespace, patienceMs, onAbsence });
  return {
    executor: createKubernetesExecutor(cluster, { settings, patienceMs }),
    cluster: connectPodCluster({ config, namespace, patienceMs: lookPatienceMs, onAbsence: () => undefined }),
    place: `${options.cluster ?? server}/${namespace}`,
  };
}

const lookPatienceMs = 10_000;

function loadConfig(path: string | null, isInCluster: boolean): KubeConfig {
  const config = new KubeConfig();
  if (path !== null) config.loadFromFile(path);
  else if (isInCluster) config.loadFromCluster();
  else {
    throw new Error(
      'SLUICE_EXECUTOR=kubernetes needs a cluster: set KUBECONFIG, or run the worker in a pod with a service account',
    );
  }
  return config;
}

const ownNamespace = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';

function namespaceOf(config: KubeConfig): string {
  const named = config.getContextObject(config.getCurrentContext())?.namespace;
  if (named !== undefined) return named;
  return existsSync(ownNamespace) ? readFileSync(ownNamespace, 'utf8').trim() : 'default';
}
