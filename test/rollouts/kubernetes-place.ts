// Pods of a namespace, which share the traffic by their number, measured by Prometheus.
import { aNamespace } from '../rig/kubernetes.ts';
import { port, type Place } from './place.ts';

const replicas = 5;

export function kubernetesPlace(prometheusUrl: string): Place {
  const namespace = aNamespace('sluice-trials', port);
  return {
    provider: 'replicas',
    environment: { kind: 'kubernetes', namespace: namespace.name, kubeconfigSecret: null, prometheusUrl },
    deployKeys: ['manifests: k8s/', ...metrics],
    files: { 'k8s/service.yml': manifests },
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

const metrics = [
  'metrics:',
  '  errors:',
  `    query: 'http_requests_total{version="\${{ version }}",code=~"5.."}'`,
  `    of: 'http_requests_total{version="\${{ version }}"}'`,
  '    worse_than: 1.5x',
  '  slow:',
  `    histogram: 'http_request_duration_seconds{version="\${{ version }}"}'`,
  '    over: 50ms',
  '    worse_than: 1.5x',
];

const manifests = `apiVersion: apps/v1
kind: Deployment
metadata: { name: trial }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: trial } }
  template:
    metadata: { labels: { app: trial } }
    spec:
      terminationGracePeriodSeconds: 10
      containers:
        - name: trial
          image: trial
          imagePullPolicy: IfNotPresent
          ports: [{ containerPort: ${port} }]
          env: [{ name: GRACE_MS, value: '4000' }]
          readinessProbe: { httpGet: { path: /healthz, port: ${port} }, periodSeconds: 1 }
---
apiVersion: v1
kind: Service
metadata: { name: trial }
spec:
  type: NodePort
  selector: { app: trial }
  ports: [{ port: 80, targetPort: ${port} }]
`;
