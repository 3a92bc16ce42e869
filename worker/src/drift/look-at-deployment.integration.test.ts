import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { DriftLook, DriftReport } from '@sluice/pipelines/protocol/drift';
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lookAtDeployment, type Looked } from './look-at-deployment.ts';

const kubeconfig = process.env['KUBECONFIG'];

const deployment = (name: string, track: 'stable' | 'canary') => `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
  labels: { sluice: drift-test, sluice.environment: production, sluice.track: ${track} }
  annotations: { sluice.dev/version: r7-1a2b3c4 }
spec:
  replicas: 2
  paused: true
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      containers:
        - { name: sidecar, image: proxy:1 }
        - { name: ${name}, image: 'shop@sha256:7' }
`;

describe.skipIf(kubeconfig === undefined)('drift of a Deployment (needs KUBECONFIG)', () => {
  const namespace = `sluice-drift-${randomBytes(4).toString('hex')}`;
  const kubectl = async (args: readonly string[], input = ''): Promise<void> => {
    const running = promisify(execFile)('kubectl', ['-n', namespace, ...args], { timeout: 60_000 });
    running.child.stdin?.end(input);
    await running;
  };
  const target = { kind: 'kubernetes', namespace, kubeconfigSecret: null, prometheusUrl: null } as const;
  const asked: DriftLook = {
    environment: 'production',
    cluster: null,
    fence: 1,
    installation: 'drift-test',
    target,
    kubeconfig: null,
    released: {},
  };
  const lookWith = (changes: Partial<DriftLook>, place = target): Promise<Looked> =>
    lookAtDeployment({ ...asked, ...changes }, place, kubeconfig ?? null, AbortSignal.timeout(30_000));
  const look = async (): Promise<DriftReport['seen']> => (await lookWith({})).seen;
  const apply = (text: string) =>
    kubectl(['apply', '--server-side', '--field-manager=sluice', '-f', '-'], text);

  beforeAll(async () => {
    await kubectl(['create', 'namespace', namespace]);
  }, 60_000);
  afterAll(async () => {
    await kubectl(['delete', 'namespace', namespace, '--wait=false']);
  }, 60_000);

  test('who has changed what by hand is read from the cluster', async () => {
    expect(await look()).toEqual({ kind: 'gone' });
    await apply(deployment('shop-canary', 'canary'));
    await apply(deployment('shop', 'stable'));
    const asReleased = {
      kind: 'found',
      version: 'r7-1a2b3c4',
      image: 'shop@sha256:7',
      replicas: 2,
      weightPercent: null,
      changedBy: { image: null, replicas: null },
    };
    expect(await look()).toEqual(asReleased);
    await kubectl(['scale', 'deployment/shop', '--replicas=5']);
    await kubectl(['set', 'image', 'deployment/shop', 'shop=shop:hotfix']);
    const changed = await look();
    expect(changed).toMatchObject({ image: 'shop:hotfix', replicas: 5 });
    const { image = null, replicas = null } = changed.kind === 'found' ? changed.changedBy : {};
    expect(image).toMatch(/^kubectl/);
    // Who has scaled, clusters tell from 1.22 on.
    expect(replicas ?? 'kubectl').toMatch(/^kubectl/);
    await kubectl(['autoscale', 'deployment/shop', '--min=1', '--max=9']);
    expect(await look()).toMatchObject({ changedBy: { replicas: 'horizontal-pod-autoscaler' } });
    await kubectl(['delete', 'hpa/shop']);
    await kubectl(
      ['apply', '--server-side', '--field-manager=sluice', '--force-conflicts', '-f', '-'],
      deployment('shop', 'stable'),
    );
    expect(await look()).toEqual(asReleased);
    await kubectl(['delete', 'deployment/shop', '--wait=false']);
    await expect.poll(look, { timeout: 30_000 }).toEqual({ kind: 'gone' });
    await apply(
      deployment('shop', 'stable')
        .replace('kind: Deployment', 'kind: StatefulSet')
        .replace('  paused: true', '  serviceName: shop'),
    );
    expect(await look()).toEqual(asReleased);
  }, 120_000);

  test('missing rights are named: those of the release and its router, and those of any rollout before the first', async () => {
    const poor = await configOf('poor', [
      { apiGroups: ['apps'], resources: ['deployments'], verbs: ['list'] },
    ]);
    const missing = async (changes: Partial<DriftLook>): Promise<readonly string[]> => {
      const { missingRights } = await lookWith(changes);
      return (missingRights ?? []).flatMap(({ verbs, resource }) =>
        verbs.map((verb) => `${verb} ${resource}`),
      );
    };
    await expect.poll(() => missing({ kubeconfig: poor, released: null }), wait).toEqual(['list pods']);
    const seen = async (released: DriftLook['released']) =>
      (await lookWith({ kubeconfig: poor, released })).seen;
    // Who released nothing but Deployments need not list StatefulSets.
    expect(await seen(null)).toEqual({ kind: 'gone' });
    expect(await seen({})).toMatchObject({
      kind: 'unreadable',
      message: expect.stringContaining('StatefulSet'),
    });
    await apply(deployment('shop', 'stable'));
    const traffic = { kind: 'httproute', name: 'shop' } as const;
    const needed = await missing({ kubeconfig: poor, released: { traffic } });
    expect(needed).toEqual(expect.arrayContaining(['get deployments', 'patch pods', 'patch httproutes']));
    expect(needed).not.toContain('list deployments');
    expect(await missing({ kubeconfig: poor })).toContain('patch pods/status');
    expect(await missing({ released: { traffic } })).toEqual([]);
  }, 120_000);

  test('who may not even look is told so, with the rules to add', async () => {
    const none = await configOf('none', []);
    const looked = () => lookWith({ kubeconfig: none, released: null });
    const right = { apiGroup: 'apps', resource: 'deployments', name: null, verbs: ['list'] };
    await expect.poll(async () => (await looked()).missingRights, wait).toContainEqual(right);
    expect((await looked()).seen).toMatchObject({
      kind: 'unreadable',
      message: expect.stringMatching(/does not allow it.*list deployments.*kubernetes-deployments\.yml/s),
    });
  }, 120_000);

  test('credentials that the cluster refuses, and a namespace that is not there, say what to do', async () => {
    const strange = await configOf('strange', [], 'not-a-token');
    expect(await lookWith({ kubeconfig: strange })).toEqual({
      seen: { kind: 'unreadable', message: expect.stringMatching(/does not accept .* Renew them/s) },
      missingRights: null,
    });
    const nowhere = { ...target, namespace: `${namespace}-none` };
    expect((await lookWith({}, nowhere)).seen).toEqual({
      kind: 'gone',
      message: expect.stringContaining(`Create the namespace ${nowhere.namespace} first.`),
    });
  }, 120_000);

  const wait = { timeout: 30_000 };

  /** A kubeconfig of a service account with these rights and no others. */
  async function configOf(name: string, rules: readonly object[], token?: string): Promise<string> {
    const metadata = { name };
    const rbac = 'rbac.authorization.k8s.io';
    const objects = [
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
      { apiVersion: `${rbac}/v1`, kind: 'Role', metadata, rules },
      {
        apiVersion: `${rbac}/v1`,
        kind: 'RoleBinding',
        metadata,
        roleRef: { apiGroup: rbac, kind: 'Role', name },
        subjects: [{ kind: 'ServiceAccount', name, namespace }],
      },
    ];
    const config = new KubeConfig();
    config.loadFromFile(kubeconfig ?? '');
    await kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
    const answer = await config.makeApiClient(CoreV1Api).createNamespacedServiceAccountToken({
      name,
      namespace,
      body: { spec: { audiences: [], expirationSeconds: 3_600 } },
    });
    const args = ['config', 'view', '--raw', '--minify', '--flatten', '-o', 'json'];
    const { stdout } = await promisify(execFile)('kubectl', args);
    const text = JSON.parse(stdout);
    text.users[0].user = { token: token ?? answer.status?.token };
    return JSON.stringify(text);
  }
});
