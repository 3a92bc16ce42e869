// A Kubernetes target with a namespace and a repository of its own, for integration tests.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { AppsV1Api, CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import type { DeployWork } from '@sluice/pipelines/language/definition';
import { createCheckout } from '../../checkout/check-out.ts';
import type { TargetRig } from '../deploy-target.contract.ts';
import type { DeployTarget } from '../deploy-target.ts';
import { aClaim } from '../test-claim.ts';
import type { TestImages } from '../test-service.ts';
import { renderersPath } from './manifests/renderers-rig.ts';
import { guardSightings } from './guard/guard-sightings.ts';
import { kubernetesTarget } from './kubernetes-target.ts';

export interface KubernetesRig extends TargetRig {
  readonly namespace: string;
  readonly api: CoreV1Api;
  /** Makes the workload by hand, as if it had been there before us; its pods answer with this version. */
  readonly createDeployment: (version: string) => Promise<void>;
  readonly open: (version: string, options?: OpenOptions) => DeployTarget;
}

/** Texts by their paths. */
type RepositoryFiles = Readonly<Record<string, string>>;

export interface OpenOptions {
  readonly image?: string;
  readonly work?: Partial<DeployWork>;
  readonly manifests?: string;
  /** All files of the commit, instead of one with manifests. */
  readonly files?: RepositoryFiles;
  readonly kubeconfig?: string;
  readonly prometheusUrl?: string | null;
  readonly say?: (line: string) => void;
}

/** Null when the Kubernetes target can be tested here, otherwise what is missing. */
export function missingForKubernetes(): string | null {
  const missing = ['KUBECONFIG', 'DOCKER_HOST'].filter((name) => process.env[name] === undefined);
  return missing.length === 0 ? null : `${missing.join(' and ')} not set`;
}

/** Manifests instead of the shop's own, what else belongs to each rollout, and where users come in. */
export interface RigOptions {
  readonly manifests?: string;
  readonly files?: RepositoryFiles;
  readonly work?: Partial<DeployWork>;
  /** Of a kubeconfig with fewer rights; called when the namespace is there. */
  readonly kubeconfig?: (namespace: string) => string;
  /** Address of the proxy before the Service; null: the Service itself. */
  readonly proxy?: () => Promise<string>;
}

export async function openKubernetesRig(
  images: TestImages,
  replicas = 2,
  rigged: RigOptions = {},
): Promise<KubernetesRig> {
  const config = new KubeConfig();
  config.loadFromDefault();
  const api = config.makeApiClient(CoreV1Api);
  const namespace = `sluice-test-${randomBytes(4).toString('hex')}`;
  await api.createNamespace({ body: { metadata: { name: namespace } } });
  const folder = await mkdtemp(join(tmpdir(), 'sluice-kube-'));
  const commits = new Map<string, string>();
  const commitOf = (files: RepositoryFiles): string =>
    commits.get(JSON.stringify(files)) ?? commitFiles(folder, files, commits);
  const parts = {
    kubeconfigPath: process.env['KUBECONFIG'] ?? null,
    guards: guardSightings(),
    checkout: createCheckout(join(folder, 'mirrors')),
    path: renderersPath,
    now: () => Date.now(),
  };
  const kubeconfig = rigged.kubeconfig?.(namespace) ?? null;
  const open = (version: string, options: OpenOptions = {}): DeployTarget => {
    const { prometheusUrl = null } = options;
    const target = { kind: 'kubernetes', namespace, kubeconfigSecret: null, prometheusUrl } as const;
    const text = options.manifests ?? rigged.manifests ?? shopManifests(replicas);
    const commit = commitOf(options.files ?? rigged.files ?? { 'k8s/shop.yml': text });
    const claim = aClaim({
      installation: 'test',
      target,
      version,
      image: options.image ?? images.good,
      work: { manifests: 'k8s', ...rigged.work, ...options.work },
      kubeconfig: options.kubeconfig ?? kubeconfig,
      checkout: {
        repositoryId: 'shop',
        url: `file://${folder}/origin`,
        commit,
        username: null,
        password: null,
      },
    });
    return kubernetesTarget(claim, target, parts, {
      say: options.say ?? (() => {}),
      signal: AbortSignal.timeout(60_000),
    });
  };
  const serviceIp = async (): Promise<string> =>
    (await api.readNamespacedService({ name: 'shop', namespace })).spec?.clusterIP ?? '';
  return {
    namespace,
    api,
    replicas,
    open,
    createDeployment: async (version) => {
      const env = [{ name: 'SLUICE_VERSION', value: version }];
      const containers = [{ name: 'shop', image: images.good, imagePullPolicy: 'IfNotPresent', env }];
      const labels = { app: 'shop' };
      const template = { metadata: { labels }, spec: { containers } };
      const spec = { replicas, selector: { matchLabels: labels }, template };
      const body = { metadata: { name: 'shop' }, spec };
      await config.makeApiClient(AppsV1Api).createNamespacedDeployment({ namespace, body });
    },
    rollout: (version, work = {}) => open(version, { work }),
    brokenRollout: (version) => open(version, { image: images.broken }),
    ask: async ({ headers = {}, query = '' } = {}) => {
      const address = rigged.proxy === undefined ? await serviceIp() : await rigged.proxy();
      return fetch(`http://${address}/${query}`, {
        headers: { ...headers, connection: 'close' },
      }).then(
        (answer) => (answer.ok ? answer.text() : null),
        () => null,
      );
    },
    [Symbol.asyncDispose]: async () => {
      await api.deleteNamespace({ name: namespace });
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function commitFiles(folder: string, files: RepositoryFiles, commits: Map<string, string>): string {
  const origin = join(folder, 'origin');
  mkdirSync(origin, { recursive: true });
  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', origin, '-c', 'user.name=A', '-c', 'user.email=a@example.org', ...args], {
      encoding: 'utf8',
    }).trim();
  if (commits.size === 0) git('init', '--quiet');
  else git('rm', '-r', '--quiet', '--ignore-unmatch', '.');
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(origin, name)), { recursive: true });
    writeFileSync(join(origin, name), text);
  }
  git('add', '--all');
  git('commit', '--quiet', '--allow-empty', '--message', 'manifests');
  const commit = git('rev-parse', 'HEAD');
  commits.set(JSON.stringify(files), commit);
  return commit;
}

export function shopManifests(replicas: number): string {
  return `
apiVersion: apps/v1
kind: Deployment
metadata: { name: shop }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: shop } }
  template:
    metadata: { labels: { app: shop } }
    spec:
      terminationGracePeriodSeconds: 5
      containers:
        - name: shop
          image: shop
          imagePullPolicy: IfNotPresent
          env: [{ name: LINGER_MS, value: '2000' }]
          readinessProbe: { httpGet: { path: /healthz, port: 8080 }, periodSeconds: 1 }
---
apiVersion: v1
kind: Service
metadata: { name: shop }
spec:
  selector: { app: shop }
  ports: [{ port: 80, targetPort: 8080 }]
`;
}
