// What a cluster does to pods: it does not take them, has no room for them, and ends them under a step.
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ExecutorSession, StepEnd, WorkspaceSpec } from '../executor.ts';
import { podName } from './pod-manifest.ts';
import type { PodSettings } from './pod-settings.ts';
import { openPodRig, type PodRig } from './pod-rig.ts';

const hasCluster = process.env['KUBECONFIG'] !== undefined;
const image = process.env['TEST_IMAGE'] ?? 'lab/busybox:1';
const never = new AbortController().signal;
const impatient = { start_within: 3_000 };

describe.skipIf(!hasCluster)('corners of a cluster (needs KUBECONFIG)', () => {
  let rig: PodRig;
  let root: string;
  let spec: WorkspaceSpec;
  let said: string[];
  const sessions: ExecutorSession[] = [];

  beforeAll(async () => {
    rig = await openPodRig();
  });
  afterAll(() => rig[Symbol.asyncDispose]());
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'sluice-corner-'));
    for (const name of ['workspace', 'scratch']) await mkdir(join(root, name));
    said = [];
    spec = aSpec(root, (line) => said.push(line));
  });
  afterEach(async () => {
    for (const session of sessions.splice(0)) await session.dispose();
    expect(await rig.countLeft(spec.labels)).toBe(0);
    await rm(root, { recursive: true, force: true });
  });

  const attempt = (change: Partial<WorkspaceSpec> = {}, settings: Partial<PodSettings> = {}) =>
    rig.executor(settings).openWorkspace({ ...spec, ...change }, never);
  const open = async (
    change: Partial<WorkspaceSpec> = {},
    settings: Partial<PodSettings> = {},
  ): Promise<ExecutorSession> => {
    const opened = await attempt(change, settings);
    if (opened.kind === 'failed') throw new Error(opened.message);
    sessions.push(opened.session);
    return opened.session;
  };
  const thePod = () => rig.api.readNamespacedPod({ namespace: rig.namespace, name: podName(spec.labels) });

  describe('a quota', () => {
    const name = 'few-pods';
    const quota = (hard: Record<string, string>) =>
      rig.api.createNamespacedResourceQuota({
        namespace: rig.namespace,
        body: { metadata: { name }, spec: { hard } },
      });
    const lift = () => rig.api.deleteNamespacedResourceQuota({ namespace: rig.namespace, name });
    const inForce = async (): Promise<void> => {
      const used = async () =>
        (await rig.api.readNamespacedResourceQuota({ namespace: rig.namespace, name })).status?.used;
      await expect.poll(used, { timeout: 60_000 }).toBeDefined();
    };

    test('that is used up is waited for, in words, and then given up as nobody’s fault but the cluster’s', async () => {
      const other = { ...spec, labels: { ...spec.labels, 'sluice.attempt': '2' } };
      const first = await rig.executor().openWorkspace(other, never);
      if (first.kind === 'opened') sessions.push(first.session);
      await quota({ pods: '1' });
      await inForce();
      const late = await attempt({}, impatient);
      expect(late).toMatchObject({
        kind: 'failed',
        reason: 'cluster',
        message: expect.stringMatching(/Quota "few-pods".*used up.*start_within/s),
      });
      expect(said.join('\n')).toMatch(/waits for room: Quota "few-pods"/);

      said = [];
      const waiting = open({ onProgress: (line) => said.push(line) });
      await expect.poll(() => said.join('\n'), { timeout: 30_000 }).toMatch(/waits for room/);
      await sessions[0]?.dispose();
      expect((await run(await waiting, 'echo in')).stdout).toBe('in\n');
      await lift();
    });

    test('that a stage can never fit into is not waited for', async () => {
      await quota({ pods: '0' });
      await inForce();
      const resources = { cpu: null, memoryBytes: null, pids: null };
      expect(await attempt({ resources })).toMatchObject({
        kind: 'failed',
        reason: 'cluster',
        message: expect.stringMatching(/pods 1 of 0.*waiting would not help/s),
      });
      await lift();
    });

    test('of memory asks for resources of every pod, and the answer says what to set', async () => {
      await quota({ 'limits.memory': '1Gi' });
      await inForce();
      expect(await attempt()).toMatchObject({
        reason: 'cluster',
        message: expect.stringMatching(/limits.memory.*default_memory/s),
      });
      const session = await open({}, { default_memory: '64Mi' });
      expect((await run(session, 'echo in')).stdout).toBe('in\n');
      await lift();
    });
  });

  test('a pod that no node fits waits with the scheduler’s own words, until its time is over', async () => {
    const pod = { ...noWishes, nodeSelector: { 'sluice.test/none': 'here' } };
    expect(await attempt({ pod }, impatient)).toMatchObject({
      kind: 'failed',
      reason: 'cluster',
      message: expect.stringMatching(/No node took the pod.*nodes are available.*start_within/s),
    });
    expect(said.join('\n')).toMatch(/waits for a node: 0\/\d+ nodes are available: .*didn't match/);
  });

  test('a cancel ends the wait for a node at once', async () => {
    const cancel = new AbortController();
    const pod = { ...noWishes, nodeSelector: { 'sluice.test/none': 'here' } };
    const waiting = rig
      .executor()
      .openWorkspace({ ...spec, pod, onProgress: () => cancel.abort() }, cancel.signal);
    await expect(waiting).rejects.toThrow(/abort/i);
  });

  test.each(['evicted', 'deleted with notice', 'deleted at once'])(
    'a pod that is %s under its step: the output until then is there, and a new one can be opened',
    async (how) => {
      const session = await open();
      const ready = new AbortController();
      const running = run(session, 'i=0; while :; do echo "line $i"; i=$((i+1)); sleep 0.1; done', (text) => {
        if (text.includes('line 5')) ready.abort();
      });
      const ended = running.then(
        () => null,
        (error: unknown) => error,
      );
      await once(ready.signal, 'abort');
      const [{ namespace }, name] = [rig, podName(spec.labels)];
      if (how === 'evicted') await rig.evict(name);
      else {
        const gracePeriodSeconds = how === 'deleted at once' ? 0 : 30;
        await rig.api.deleteNamespacedPod({ namespace, name, gracePeriodSeconds });
      }
      expect(await ended).toMatchObject({
        name: 'WorkspaceLostError',
        message: expect.stringMatching(
          how === 'deleted at once' ? /was deleted/ : /ended from outside.*eviction.*output is complete/s,
        ),
      });
      await session.dispose();
      const next = await open({ labels: { ...spec.labels, 'sluice.attempt': '2' } });
      expect((await run(next, 'echo again')).stdout).toBe('again\n');
    },
  );

  test('a service account and a runtime class that are not there are named', async () => {
    const pod = { ...noWishes, serviceAccount: 'nobody' };
    expect(await attempt({ pod }, { allowed_service_accounts: ['nobody'] })).toMatchObject({
      reason: 'refused',
      message: expect.stringMatching(/no service account "nobody"/),
    });
    expect(await attempt({}, { runtime_class: 'no-such-class' })).toMatchObject({
      reason: 'refused',
      message: expect.stringMatching(/no runtime class "no-such-class"/),
    });
  });

  test('a stage that may ask for a service account has its token, and one that does not has none', async () => {
    await rig.api.createNamespacedServiceAccount({
      namespace: rig.namespace,
      body: { metadata: { name: 'deployer' } },
    });
    const look = 'ls /var/run/secrets/kubernetes.io/serviceaccount/ 2>/dev/null; true';
    const pod = { ...noWishes, serviceAccount: 'deployer' };
    const first = await open({ pod }, { allowed_service_accounts: ['deployer'] });
    expect((await run(first, look)).stdout).toContain('token');
    await first.dispose();
    expect((await run(await open(), look)).stdout).toBe('');
  });

  test('what a LimitRange gives is given, and what it forbids is named', async () => {
    const name = 'bounds';
    const bounds = { type: 'Container', _default: { memory: '48Mi' }, max: { memory: '64Mi' } };
    const body = { metadata: { name }, spec: { limits: [bounds] } };
    await rig.api.createNamespacedLimitRange({ namespace: rig.namespace, body });
    const session = await open();
    expect((await thePod()).spec?.containers[0]?.resources?.limits?.['memory']).toBe('48Mi');
    const { end } = await run(session, 'x=0123456789; while :; do x="$x$x"; done');
    expect(end).toMatchObject({ outOfMemory: true });
    await session.dispose();
    const resources = { cpu: null, memoryBytes: 128 * 1024 * 1024, pids: null };
    expect(await attempt({ resources, labels: { ...spec.labels, 'sluice.attempt': '3' } })).toMatchObject({
      reason: 'refused',
      message: expect.stringMatching(/LimitRange.*64Mi/s),
    });
    await rig.api.deleteNamespacedLimitRange({ namespace: rig.namespace, name });
  });

  test('a stage without network has a policy that allows nothing, while its pod is there', async () => {
    const session = await open({ network: false }, { network_policies: 'enforced' });
    const [policy] = (await rig.policies.listNamespacedNetworkPolicy({ namespace: rig.namespace })).items;
    expect(policy?.spec).toMatchObject({ policyTypes: ['Ingress', 'Egress'] });
    expect([policy?.spec?.ingress, policy?.spec?.egress]).toEqual([undefined, undefined]);
    const chosen = policy?.spec?.podSelector?.matchLabels ?? {};
    expect((await thePod()).metadata?.labels).toMatchObject(chosen);
    expect(policy?.metadata?.ownerReferences?.[0]).toMatchObject({ kind: 'Pod', name: podName(spec.labels) });
    await session.dispose();
    expect((await rig.policies.listNamespacedNetworkPolicy({ namespace: rig.namespace })).items).toEqual([]);
  });

  test('a namespace that is not there is for the operator to mend', async () => {
    const nowhere = rig.executor({}, rig.config, 'sluice-test-not-there');
    expect(await nowhere.openWorkspace(spec, never)).toMatchObject({
      reason: 'cluster',
      message: expect.stringMatching(/no namespace "sluice-test-not-there".*SLUICE_KUBERNETES_NAMESPACE/),
    });
  });

  const withCache = async (user: string | null) => {
    const home = join(spec.scratch, 'home');
    await mkdir(join(home, '.npm/deep'), { recursive: true });
    await writeFile(join(home, '.npm/deep/old'), 'old');
    return { home, session: await open({ homeFolders: ['.npm'], user }) };
  };

  test('what is cached below the home of the steps comes in and out again', async () => {
    const { home, session } = await withCache(null);
    expect((await run(session, 'cat ~/.npm/deep/old; echo new >~/.npm/new')).stdout).toBe('old');
    await session.fetchFromHome?.('.npm');
    expect(await readFile(join(home, '.npm/new'), 'utf8')).toBe('new\n');
  });

  test('a user whose home is not theirs to write goes without caches in it, and the log says so', async () => {
    const { session } = await withCache('1000:1000'); // whom the image does not know, so that its home is "/"
    expect((await run(session, 'echo goes on')).stdout).toBe('goes on\n');
    expect(said.join('\n')).toMatch(/caches below the home of the steps were not restored/);
  });

  test('folders are brought out of a pod with everything in them, and links lead nowhere outside', async () => {
    await writeFile(join(spec.workspace, 'kept'), 'host');
    const session = await open();
    await run(
      session,
      'mkdir -p out/deep "out/with space"; echo one >out/deep/one; echo x >"out/with space/x"; ln -s /etc/passwd out/link; chmod 600 out/deep/one; echo new >kept',
    );
    await session.fetchTree('out');
    await session.fetchTree('nothing');
    expect(await readFile(join(spec.workspace, 'out/deep/one'), 'utf8')).toBe('one\n');
    expect(await readFile(join(spec.workspace, 'out/with space/x'), 'utf8')).toBe('x\n');
    expect(await readFile(join(spec.workspace, 'kept'), 'utf8')).toBe('host');
    await session.fetchTree('.');
    expect(await readFile(join(spec.workspace, 'kept'), 'utf8')).toBe('new\n');
    await expect(session.fetchTree('../run')).rejects.toThrow(/not a path inside/);
  });
});

const noWishes = { nodeSelector: {}, tolerations: [], serviceAccount: null, runtimeClass: null };

function aSpec(root: string, onProgress: (line: string) => void): WorkspaceSpec {
  return {
    image,
    workspace: join(root, 'workspace'),
    filled: Promise.resolve(),
    scratch: join(root, 'scratch'),
    labels: { sluice: 'test', 'sluice.run': root.slice(-6), 'sluice.stage': 'corner', 'sluice.attempt': '1' },
    network: true,
    resources: { cpu: null, memoryBytes: null, pids: null },
    services: [],
    user: null,
    readOnlyRoot: false,
    timeoutMs: 600_000,
    pod: null,
    registryCredentials: [],
    onProgress,
  };
}

let steps = 0;

async function run(
  session: ExecutorSession,
  script: string,
  onText: (text: string) => void = () => {},
): Promise<{ readonly end: StepEnd; readonly stdout: string }> {
  let stdout = '';
  const end = await session.runStep(
    { index: (steps += 1), try: 1, script, shell: 'sh', env: {}, graceMs: 1_000 },
    {
      write: (stream, chunk) => {
        if (stream === 'stdout') stdout += Buffer.from(chunk).toString();
        onText(stdout);
      },
      drained: async () => {},
    },
    never,
  );
  return { end, stdout };
}
