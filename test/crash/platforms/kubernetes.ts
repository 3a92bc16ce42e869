// Stages in pods, and a service behind a Service of Kubernetes, in two namespaces of the lab's cluster:
//
//   worker ─► link ─► door ─► an API server of its own ─► the cluster's store
//
// The test itself looks at the cluster through the lab's API server, which is never disturbed. Images of services are
// built by the engine that is the node's own.
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { connectKubernetes, type KubeConnection } from '@sluice/worker/deploy/kubernetes/kube-connection';
import { openDoor } from '../door.ts';
import { startOwnApiServer } from '../engines/api-server.ts';
import { openLink, portOfLink } from '../link.ts';
import type { DeployedService, Platform } from './platform.ts';

const image = process.env['TEST_IMAGE'] ?? 'lab/busybox:1';

/** `folder`: its name is that of the namespaces, too. */
export async function kubernetesPlatform(folder: string): Promise<Platform> {
  const server = await startOwnApiServer(folder);
  const door = await openDoor(server.port, server.tls);
  const link = await openLink('worker-kubernetes', { port: 0 }, { port: door.port });
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, kubeconfigFor(portOfLink(link)), { mode: 0o600 });
  const lab = await connectKubernetes({ text: null, ownPath: labKubeconfig() }, new AbortController().signal);
  const name = basename(folder).toLowerCase();
  const namespaces = { stages: `${name}-stages`, service: `${name}-service` };
  for (const each of Object.values(namespaces))
    await lab.send({
      method: 'POST',
      path: '/api/v1/namespaces',
      body: { metadata: { name: each } },
      contentType: 'application/json',
    });
  const breakCalls =
    (end: () => Promise<void>): (() => Promise<void>) =>
    async () => {
      const ended = end();
      door.breakAll();
      await ended;
    };
  return {
    kind: 'kubernetes',
    part: { ...server.part, kill: breakCalls(server.part.kill), stop: breakCalls(server.part.stop) },
    link,
    image,
    host: await nodeAddress(lab),
    workerEnv: {
      KUBECONFIG: kubeconfig,
      SLUICE_EXECUTOR: 'kubernetes',
      SLUICE_KUBERNETES_NAMESPACE: namespaces.stages,
    },
    // With a login, a pod has a Secret for as long as its images are pulled.
    secrets: { SLUICE_REGISTRIES: 'docker.io crash no-login-of-anybody' },
    holdAnswers: door.holdAnswers,
    leftovers: (runId) => leftovers(lab, namespaces.stages, runId),
    service: serviceIn(lab, namespaces.service),
    [Symbol.asyncDispose]: async () => {
      for (const each of Object.values(namespaces))
        await lab.send({ method: 'DELETE', path: `/api/v1/namespaces/${each}` });
      lab.close();
      await link[Symbol.asyncDispose]();
      await door[Symbol.asyncDispose]();
      await server.part.stop();
    },
  };
}

/** The lab's kubeconfig, led to another port of this machine. */
const kubeconfigFor = (port: number): string =>
  readFileSync(labKubeconfig(), 'utf8').replaceAll(
    /https:\/\/127\.0\.0\.1:\d+/g,
    `https://127.0.0.1:${port}`,
  );

function labKubeconfig(): string {
  const path = process.env['KUBECONFIG'];
  if (path === undefined) throw new Error('KUBECONFIG is not set: eval "$(bash test/lab/lab env)"');
  return path;
}

interface Named {
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
}
interface NodeObject {
  readonly status: { readonly addresses: readonly { readonly type: string; readonly address: string }[] };
}
interface PodObject extends Named {
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}
interface ServiceObject {
  readonly spec: { readonly ports: readonly { readonly nodePort: number }[] };
}

async function read<T>(lab: KubeConnection, path: string): Promise<T> {
  const { status, body } = await lab.send({ method: 'GET', path });
  if (status !== 200) throw new Error(`the cluster answers ${status} to ${path}`);
  return body as T;
}

const list = async <T>(lab: KubeConnection, path: string): Promise<readonly T[]> =>
  (await read<{ readonly items: readonly T[] }>(lab, path)).items;

/** The lab's only node is this machine. */
async function nodeAddress(lab: KubeConnection): Promise<string> {
  const [node] = await list<NodeObject>(lab, '/api/v1/nodes');
  const found = node?.status.addresses.find(({ type }) => type === 'InternalIP');
  if (found === undefined) throw new Error('the cluster has no node');
  return found.address;
}

/** All of ours in the namespace, whatever its labels; a pod that the cluster is taking away may take seconds. */
async function leftovers(lab: KubeConnection, namespace: string, runId: string): Promise<readonly string[]> {
  const kinds = {
    pod: `/api/v1/namespaces/${namespace}/pods`,
    secret: `/api/v1/namespaces/${namespace}/secrets`,
    'config map': `/api/v1/namespaces/${namespace}/configmaps`,
    'network policy': `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`,
  };
  const lists = await Promise.all(
    Object.entries(kinds).map(async ([kind, path]) => {
      return (await list<Named>(lab, path))
        .filter(({ metadata }) => !isOfCluster(metadata.name))
        .map(
          ({ metadata: { name, labels, deletionTimestamp } }) =>
            `${kind} ${name}${deletionTimestamp === undefined ? '' : ' (ending)'} of ${labels?.['sluice.run'] === runId ? 'this run' : 'another run'}`,
        );
    }),
  );
  return lists.flat();
}

/** What every namespace is given. */
const isOfCluster = (name: string): boolean =>
  name.startsWith('default-token-') || name === 'kube-root-ca.crt';

function serviceIn(lab: KubeConnection, namespace: string): DeployedService {
  return {
    environment: {
      kind: 'kubernetes',
      namespace,
      kubeconfigSecret: null,
      prometheusUrl: process.env['PROMETHEUS_URL'] ?? null,
    },
    // Nobody measures it: the rollout asks a person.
    deployKeys: `manifests: k8s/\n      metrics: { errors: { query: 'crash_errors{version="\${{ version }}"}', of: 'crash_requests{version="\${{ version }}"}', worse_than: 1.5x } }`,
    files: { 'k8s/crash.yml': manifests },
    address: async () => {
      const found = await read<ServiceObject>(lab, `/api/v1/namespaces/${namespace}/services/crash`);
      return `http://127.0.0.1:${found.spec.ports[0]?.nodePort ?? 0}/`;
    },
    problems: async () => {
      const deployments = await list<Named>(lab, `/apis/apps/v1/namespaces/${namespace}/deployments`);
      const pods = await list<PodObject>(lab, `/api/v1/namespaces/${namespace}/pods`);
      const names = deployments.map(({ metadata }) => metadata.name);
      const ready = pods.filter(({ status }) =>
        status.conditions?.some((each) => each.type === 'Ready' && each.status === 'True'),
      );
      return [
        ...(names.join() === 'crash' ? [] : [`the service has the deployments ${names.join(', ')}`]),
        ...(pods.length === 1 && ready.length === 1
          ? []
          : [`the service has ${pods.length} pods, ${ready.length} of them ready, not 1`]),
      ];
    },
  };
}

const manifests = `apiVersion: apps/v1
kind: Deployment
metadata: { name: crash }
spec:
  replicas: 1
  selector: { matchLabels: { app: crash } }
  template:
    metadata: { labels: { app: crash } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: crash
          image: crash
          imagePullPolicy: IfNotPresent
          ports: [{ containerPort: 8080 }]
          readinessProbe: { httpGet: { path: /, port: 8080 }, periodSeconds: 1 }
---
apiVersion: v1
kind: Service
metadata: { name: crash }
spec:
  type: NodePort
  selector: { app: crash }
  ports: [{ port: 80, targetPort: 8080 }]
`;
