// On a real cluster: push → image built, pushed and pulled → canary by replica share → analysis on Prometheus →
// approval over the API → promoted. Then a bad version, which is rolled back.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RolloutView, RunView } from '@sluice/pipelines/protocol/api';
import { startLoad, type Load } from '../../cli/src/up/load.ts';
import { aNamespace, type TestNamespace } from '../rig/kubernetes.ts';
import type { TestRepository } from '../rig/repository.ts';
import { endedRun, eventually, runOf, startSluice, type SluiceRig } from '../rig/sluice.ts';

const { KUBECONFIG, REGISTRY, PROMETHEUS_URL } = process.env;
const baseImage = process.env['TEST_NODE_IMAGE'] ?? 'lab/node:20';
const isMissing = [KUBECONFIG, REGISTRY, PROMETHEUS_URL].includes(undefined);
const replicas = 5;

describe.skipIf(isMissing)('a canary on Kubernetes', () => {
  let sluice: SluiceRig;
  let namespace: TestNamespace;
  let repository: TestRepository;
  let load: Load;

  beforeAll(async () => {
    namespace = aNamespace('sluice-e2e', 8080);
    sluice = await startSluice();
    repository = await sluice.repository('shop');
    await sluice.api.call('PUT', '/api/environments/cluster', {
      kind: 'kubernetes',
      namespace: namespace.name,
      kubeconfigSecret: null,
      prometheusUrl: PROMETHEUS_URL,
    });
    const first = await release({ 'error-rate.txt': '0\n' }, 'the first version');
    expect(failures(first)).toEqual([]);
    const port = namespace.kubectl('get', 'service', 'hello', '-o', 'jsonpath={.spec.ports[0].nodePort}');
    // A Service chooses a pod for each connection: users with connections of their own see the real shares.
    load = startLoad(`http://127.0.0.1:${port}/`, 100, false);
  });
  afterAll(async () => {
    load?.stop();
    await sluice?.[Symbol.asyncDispose]();
    await namespace?.[Symbol.asyncDispose]();
  });

  test('is promoted on measured evidence after a person approved it, and users notice nothing', async () => {
    const before = load.counts();
    const commit = await repository.push({ 'NOTES.md': 'second\n' }, 'the second version');
    const { id } = await runOf(sluice.api, commit);
    const rollout = await eventually('the approval that the canary waits for', async () => {
      const view = await newestRollout(id);
      return view?.rollout.phase.name === 'awaiting-approval' ? view : null;
    });
    expect(rollout.rollout.verdict?.kind).toBe('pass');
    const canaries = namespace
      .pods()
      .filter((pod) => pod.version === rollout.rollout.spec.version && pod.isReady);
    expect(canaries).toHaveLength(1);

    const stale = sluice.api.call('POST', `/api/runs/${id}/stages/production/vote`, {
      verdict: 'approved',
      decisionHash: '0'.repeat(64),
    });
    await expect(stale).rejects.toThrow(/decision|evidence/);
    await sluice.api.call('POST', `/api/runs/${id}/stages/production/vote`, {
      verdict: 'approved',
      reason: 'looks good',
      decisionHash: rollout.decisions.at(-1)?.hash ?? null,
    });
    const run = await endedRun(sluice.api, commit);

    expect(failures(run)).toEqual([]);
    await eventually('only pods of the new version', () => {
      const pods = namespace.pods().filter((pod) => !pod.isEnding);
      const isNew = pods.every((pod) => pod.version === rollout.rollout.spec.version && pod.isReady);
      return isNew && pods.length === replicas ? true : null;
    });
    const pushed = run.state?.stages['push'];
    const digest = pushed?.status === 'succeeded' ? pushed.outputs['digest'] : undefined;
    for (const pod of namespace.pods().filter((each) => !each.isEnding))
      expect(pod.image).toContain(`@${digest ?? '?'}`);
    const after = load.counts();
    const [requests, failed] = [after.requests - before.requests, after.failed - before.failed];
    console.log(`kubernetes canary promoted: ${requests} requests, success rate ${rate(requests, failed)}`);
    expect(failed / requests).toBeLessThanOrEqual(0.0001);
  });

  test('that answers errors is rolled back, and every pod is of the old version again', async () => {
    const old = new Set(
      namespace
        .pods()
        .filter((pod) => !pod.isEnding)
        .map((pod) => pod.version),
    );
    const before = load.counts();
    const run = await release({ 'error-rate.txt': '0.2\n' }, 'a bad version');

    expect(run.status).toBe('failed');
    const rollout = await newestRollout(run.id);
    expect(rollout?.rollout.phase.name).toBe('rolled-back');
    expect(
      rollout?.decisions.some(
        (decision) => decision.kind === 'roll-back' && decision.verdict?.kind === 'fail',
      ),
    ).toBe(true);
    await eventually('only pods of the old version', () => {
      const pods = namespace.pods().filter((pod) => !pod.isEnding);
      return pods.length === replicas && pods.every((pod) => old.has(pod.version) && pod.isReady)
        ? true
        : null;
    });
    const after = load.counts();
    const [requests, failed] = [after.requests - before.requests, after.failed - before.failed];
    console.log(
      `kubernetes canary rolled back: ${requests} requests, success rate ${rate(requests, failed)}`,
    );
  });

  test('whose metric is always empty is held with the reason, and never promoted', async () => {
    const files = { 'error-rate.txt': '0\n', '.sluice.yml': pipeline('no_such_metric_total') };
    const commit = await repository.push(files, 'a version nobody can measure');
    const { id } = await runOf(sluice.api, commit);
    const held = await eventually('the rollout to be held', async () => {
      const view = await newestRollout(id);
      return view?.rollout.phase.name === 'held' ? view : null;
    });
    expect(held.rollout.phase).toHaveProperty('reason', expect.stringMatching(/no data/i));
    await sluice.api.call('POST', `/api/rollouts/${held.id}/abort`, { reason: 'nothing to go by' });
    const run = await endedRun(sluice.api, commit);
    expect(run.status).not.toBe('succeeded');
  });

  async function release(files: Readonly<Record<string, string>>, message: string): Promise<RunView> {
    const commit = await repository.push(
      { ...application(), '.sluice.yml': pipeline('http_requests_total'), ...files },
      message,
    );
    return endedRun(sluice.api, commit);
  }

  async function newestRollout(runId: string): Promise<RolloutView | null> {
    const run = await sluice.api.call<RunView>('GET', `/api/runs/${runId}`);
    const rollout = run.rollouts.at(-1);
    return rollout === undefined ? null : sluice.api.call<RolloutView>('GET', `/api/rollouts/${rollout.id}`);
  }
});

function failures(run: RunView): readonly string[] {
  const stages = Object.entries(run.state?.stages ?? {});
  return [
    ...run.diagnostics.map((each) => each.message),
    ...stages.flatMap(([id, stage]) =>
      stage.status === 'failed' ? [`${id}: ${stage.failure.message}`] : [],
    ),
  ];
}

const rate = (requests: number, failed: number): string =>
  `${(((requests - failed) / requests) * 100).toFixed(4)} %`;

const hello = fileURLToPath(new URL('../../examples/hello/', import.meta.url));

function application(): Readonly<Record<string, string>> {
  const names = ['server.mjs', 'metrics.mjs', 'greeting.mjs', 'Dockerfile', '.dockerignore'];
  const files = Object.fromEntries(names.map((name) => [name, readFileSync(`${hello}${name}`, 'utf8')]));
  return { ...files, 'k8s/hello.yml': manifests };
}

const pipeline = (counter: string) => `
name: shop
on: { push: {} }
stages:
  image:
    build: { file: Dockerfile, args: { BASE: '${baseImage}' } }
  push:
    needs: [image]
    push: { of: image, to: '${REGISTRY}/sluice-e2e-shop', tags: ['\${{ commit.short }}'] }
  production:
    needs: [push]
    deploy:
      environment: cluster
      image: push
      manifests: k8s/
      strategy: canary
      interval: 2s
      drain: 2s
      deadline: 10m
      steps:
        - set_weight: 20
        - analysis: { for: 45s }
        - approve: { within: 5m }
        - set_weight: 60
        - analysis: { for: 45s }
      metrics:
        errors:
          query: '${counter}{version="\${{ version }}",code=~"5.."}'
          of: '${counter}{version="\${{ version }}"}'
          worse_than: 1.5x
`;

const manifests = `apiVersion: apps/v1
kind: Deployment
metadata: { name: hello }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: hello } }
  template:
    metadata: { labels: { app: hello } }
    spec:
      terminationGracePeriodSeconds: 10
      containers:
        - name: hello
          image: hello
          imagePullPolicy: IfNotPresent
          ports: [{ containerPort: 8080 }]
          env: [{ name: GRACE_MS, value: '4000' }]
          readinessProbe: { httpGet: { path: /healthz, port: 8080 }, periodSeconds: 1 }
---
apiVersion: v1
kind: Service
metadata: { name: hello }
spec:
  type: NodePort
  selector: { app: hello }
  ports: [{ port: 80, targetPort: 8080 }]
`;
