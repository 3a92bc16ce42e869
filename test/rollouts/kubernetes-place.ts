// Pods of a namespace, which share the traffic by their number, measured by Prometheus.
import { aNamespace } from '../rig/kubernetes.ts';
import { clusterMetrics, clusterManifests } from './cluster-service.ts';
import { port, type Place } from './place.ts';

export function kubernetesPlace(prometheusUrl: string): Place {
  const namespace = aNamespace('sluice-trials', port);
  return {
    provider: 'replicas',
    environment: { kind: 'kubernetes', namespace: namespace.name, kubeconfigSecret: null, prometheusUrl },
    deployKeys: ['manifests: k8s/'],
    gateKeys: clusterMetrics,
    files: { 'k8s/service.yml': clusterManifests('NodePort') },
    weights: [20, 60],
    strategies: [],
    seesSlowness: true,
    address: () => {
      const nodePort = namespace.kubectl(
        'get',
        'service',
        'trial',
        '-o',
        'jsonpath={.spec.ports[0].nodePort}',
      );
      return `http://127.0.0.1:${nodePort}/`;
    },
    // A Service chooses a pod for each connection.
    keepAlive: false,
    [Symbol.asyncDispose]: () => namespace[Symbol.asyncDispose](),
  };
}
