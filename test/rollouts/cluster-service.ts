// The service under trial on a cluster: five pods, and the metrics that Prometheus has of them.
import { port } from './place.ts';

const replicas = 5;

/** Lines of the `deploy` key: counts of errors and of slow answers, of each version. */
export const clusterMetrics: readonly string[] = [
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

/** `serviceType`: a NodePort is reached on the host, what is behind a route need not be. */
export const clusterManifests = (serviceType: 'NodePort' | 'ClusterIP'): string => `apiVersion: apps/v1
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
  type: ${serviceType}
  selector: { app: trial }
  ports: [{ port: 80, targetPort: ${port} }]
`;
