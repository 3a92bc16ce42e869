// For tests: a namespace with one pod of each version behind a Service of its own, and objects that route to them.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { KubeConfig } from '@kubernetes/client-node';
import type { TrafficProvider } from '@sluice/pipelines/language/definition';
import { connectCluster } from '../kube-connection.ts';
import { kubeClient } from '../kube-client.ts';
import { openRouter } from './choose-router.ts';
import { missingForKubernetes } from '../kubernetes-rig.ts';
import type { TrafficRouter } from './traffic-router.ts';

export interface RouterRig extends AsyncDisposable {
  readonly namespace: string;
  readonly kubectl: (...args: readonly string[]) => string;
  readonly apply: (...objects: readonly object[]) => void;
  /** The router as a new process would open it. */
  readonly router: (provider: TrafficProvider) => TrafficRouter;
  /** Requests that the pod of a version has answered. */
  readonly answered: (version: 'v1' | 'v2') => Promise<number>;
}

/** Null when a router can be tested here, otherwise what is missing. */
export function missingForRoutes(kind: TrafficProvider['kind']): string | null {
  try {
    execFileSync('nginx', ['-v'], { stdio: 'ignore' });
    const isCustom = kind !== 'ingress' && process.env['KUBE_CUSTOM_RESOURCES'] === undefined;
    return missingForKubernetes() ?? (isCustom ? 'KUBE_CUSTOM_RESOURCES not set' : null);
  } catch {
    return 'nginx is not on PATH';
  }
}

const release = { installation: 'test', environment: 'test', version: 'v2', image: 'shop' };

export async function openRouterRig(image: string): Promise<RouterRig> {
  const namespace = `sluice-routes-${randomBytes(4).toString('hex')}`;
  const run = (args: readonly string[], input?: string): string =>
    execFileSync('kubectl', ['-n', namespace, ...args], {
      encoding: 'utf8',
      ...(input === undefined ? {} : { input }),
    });
  run(['create', 'namespace', namespace]);
  const apply = (...objects: readonly object[]): void => {
    const list = { apiVersion: 'v1', kind: 'List', items: objects };
    run(['apply', '--validate=false', '--filename', '-'], JSON.stringify(list));
  };
  apply(pod('v1', 'stable', image), pod('v2', 'canary', image), service('shop', 'stable'));
  apply(service('shop-canary', 'canary'));
  run(['wait', '--for=condition=Ready', '--timeout=90s', 'pod', '--all']);
  const config = new KubeConfig();
  config.loadFromDefault();
  const connection = await connectCluster(config, AbortSignal.timeout(300_000));
  const client = kubeClient(connection, namespace);
  return {
    namespace,
    apply,
    kubectl: (...args) => run(args),
    router: (provider) => openRouter(client, provider, release),
    answered: async (version) => {
      const ip = run(['get', 'pod', version, '-o', 'jsonpath={.status.podIP}']);
      const text = await fetch(`http://${ip}:8080/metrics`).then((answer) => answer.text());
      return Number(/code="200"\} (\d+)/.exec(text)?.[1] ?? Number.NaN);
    },
    [Symbol.asyncDispose]: async () => {
      connection.close();
      run(['delete', 'namespace', namespace, '--wait=false']);
      await Promise.resolve();
    },
  };
}

const pod = (version: string, track: string, image: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: version, labels: { app: 'shop', 'sluice.track': track } },
  spec: {
    terminationGracePeriodSeconds: 1,
    containers: [
      {
        name: 'shop',
        image,
        imagePullPolicy: 'IfNotPresent',
        env: [{ name: 'SLUICE_VERSION', value: version }],
        readinessProbe: { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 1 },
      },
    ],
  },
});

const service = (name: string, track: string) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector: { app: 'shop', 'sluice.track': track }, ports: [{ port: 80, targetPort: 8080 }] },
});
