import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { DriftReport } from '@sluice/pipelines/protocol/drift';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lookAtDeployment } from './look-at-deployment.ts';

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
  const look = (): Promise<DriftReport['seen']> => {
    const target = { kind: 'kubernetes', namespace, kubeconfigSecret: null, prometheusUrl: null } as const;
    const asked = {
      environment: 'production',
      fence: 1,
      installation: 'drift-test',
      target,
      kubeconfig: null,
    };
    return lookAtDeployment(asked, target, kubeconfig ?? null, AbortSignal.timeout(30_000));
  };
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
});
