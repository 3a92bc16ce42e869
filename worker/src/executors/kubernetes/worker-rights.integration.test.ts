// A worker with the rights of docs/kubernetes-worker.yml and no other, which knows the cluster as a pod in it does: by its
// service account's files and two variables.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CoreV1Api, KubeConfig, RbacAuthorizationV1Api, type V1Role } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { ExecutorSession, WorkspaceSpec } from '../executor.ts';
import { openPodRig, type PodRig } from './pod-rig.ts';

const hasCluster = process.env['KUBECONFIG'] !== undefined;
const image = process.env['TEST_IMAGE'] ?? 'lab/busybox:1';
const never = new AbortController().signal;
const account = 'sluice-worker';
const manifest = new URL('../../../../docs/kubernetes-worker.yml', import.meta.url);

describe.skipIf(!hasCluster)("a worker's own rights in a cluster (needs KUBECONFIG)", () => {
  let rig: PodRig;
  let root: string;
  let inCluster: KubeConfig;
  let spec: WorkspaceSpec;

  beforeAll(async () => {
    rig = await openPodRig();
    root = await mkdtemp(join(tmpdir(), 'sluice-rights-'));
    for (const name of ['workspace', 'scratch']) await mkdir(join(root, name));
    await grant(rig);
    inCluster = await configInPod(rig, root);
    spec = aSpec(root);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await rig[Symbol.asyncDispose]();
    await rm(root, { recursive: true, force: true });
  });

  test('are enough for a stage with all that belongs to one, also when it is taken over', async () => {
    const executor = rig.executor({ network_policies: 'enforced' }, inCluster);
    const opened = await executor.openWorkspace(spec, never);
    if (opened.kind === 'failed') throw new Error(opened.message);
    expect(await stdoutOf(opened.session, 0, 'cat from-host; mkdir out; echo made >out/file')).toBe('h');
    expect(await opened.session.describeServices()).toMatchObject([{ name: 'db', lastLines: ['up'] }]);
    await opened.session.fetchTree('out');
    expect(await readFile(join(spec.workspace, 'out/file'), 'utf8')).toBe('made\n');
    await opened.session.release?.();
    const adopted = await executor.adoptWorkspace?.(spec, never);
    if (adopted?.kind !== 'adopted') throw new Error('it was not adopted');
    expect(await stdoutOf(adopted.session, 1, 'cat out/file')).toBe('made\n');
    await adopted.session.dispose();
    expect(await rig.countLeft(spec.labels)).toBe(0);
  });

  test('end at the namespace, and at the logins of others', async () => {
    const api = inCluster.makeApiClient(CoreV1Api);
    await expect(api.listNamespacedSecret({ namespace: rig.namespace })).rejects.toMatchObject({ code: 403 });
    const elsewhere = rig.executor({ network_policies: 'enforced' }, inCluster, 'default');
    expect(await elsewhere.openWorkspace(spec, never)).toMatchObject({
      kind: 'failed',
      reason: 'cluster',
      message: expect.stringMatching(/lacks a right in namespace "default".*kubernetes-worker\.yml/),
    });
  });
});

/** What the document gives, in the namespace of the test. */
async function grant({ api, config, namespace }: PodRig): Promise<void> {
  const documents = parseAllDocuments(await readFile(manifest, 'utf8')).map((each) => each.toJS());
  const role: V1Role = documents.find(({ kind }) => kind === 'Role');
  const rbac = config.makeApiClient(RbacAuthorizationV1Api);
  await api.createNamespacedServiceAccount({ namespace, body: { metadata: { name: account } } });
  await rbac.createNamespacedRole({
    namespace,
    body: { metadata: { name: account }, rules: role.rules ?? [] },
  });
  await rbac.createNamespacedRoleBinding({
    namespace,
    body: {
      metadata: { name: account },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: account },
      subjects: [{ kind: 'ServiceAccount', name: account, namespace }],
    },
  });
}

async function configInPod({ api, config, namespace }: PodRig, root: string): Promise<KubeConfig> {
  const folder = join(root, 'var/run/secrets/kubernetes.io/serviceaccount');
  await mkdir(folder, { recursive: true });
  const { status } = await api.createNamespacedServiceAccountToken({
    name: account,
    namespace,
    body: { spec: { audiences: [], expirationSeconds: 3_600 } },
  });
  const cluster = config.getCurrentCluster();
  const ca =
    cluster?.caFile === undefined
      ? Buffer.from(cluster?.caData ?? '', 'base64')
      : await readFile(cluster.caFile);
  await writeFile(join(folder, 'token'), status?.token ?? '', { mode: 0o600 });
  await writeFile(join(folder, 'ca.crt'), ca);
  await writeFile(join(folder, 'namespace'), namespace);
  const server = new URL(cluster?.server ?? '');
  vi.stubEnv('KUBERNETES_SERVICE_HOST', server.hostname);
  vi.stubEnv('KUBERNETES_SERVICE_PORT', server.port);
  const own = new KubeConfig();
  own.loadFromCluster(root);
  await writeFile(join(root, 'workspace', 'from-host'), 'h');
  return own;
}

function aSpec(root: string): WorkspaceSpec {
  const service = {
    env: {},
    ready: 'true',
    readyTimeoutMs: 60_000,
    command: ['sh', '-c', 'echo up; sleep 600'],
  };
  return {
    image,
    workspace: join(root, 'workspace'),
    filled: Promise.resolve(),
    scratch: join(root, 'scratch'),
    labels: { sluice: 'test', 'sluice.stage': 'rights', 'sluice.attempt': '1', 'sluice.run': root.slice(-6) },
    network: false,
    resources: { cpu: null, memoryBytes: null, pids: null },
    services: [{ name: 'db', image, ...service }],
    user: null,
    readOnlyRoot: false,
    timeoutMs: 600_000,
    pod: null,
    registryCredentials: [{ host: 'docker.io', username: 'someone', password: 'secret' }],
    onProgress: () => {},
  };
}

async function stdoutOf(session: ExecutorSession, index: number, script: string): Promise<string> {
  let stdout = '';
  await session.runStep(
    { index, try: 1, script, shell: 'sh', env: {}, graceMs: 1_000 },
    {
      write: (stream, chunk) => void (stream === 'stdout' && (stdout += Buffer.from(chunk).toString())),
      drained: async () => {},
    },
    never,
  );
  return stdout;
}
