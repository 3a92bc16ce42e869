// A chart of the repository with a StatefulSet, through the whole product: rendered by helm on the worker, rolled out
// place by place, and taken back when the new version does not start.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunView } from '@sluice/pipelines/protocol/api';
import { aNamespace, type TestNamespace } from '../rig/kubernetes.ts';
import type { TestRepository } from '../rig/repository.ts';
import { endedRun, startSluice, type SluiceRig } from '../rig/sluice.ts';

const { KUBECONFIG, REGISTRY, RENDERERS, PATH = '' } = process.env;
const baseImage = process.env['TEST_NODE_IMAGE'] ?? 'lab/node:20';
const isMissing = [KUBECONFIG, REGISTRY, RENDERERS].includes(undefined);

describe.skipIf(isMissing)('a chart with a StatefulSet', () => {
  let sluice: SluiceRig;
  let namespace: TestNamespace;
  let repository: TestRepository;

  beforeAll(async () => {
    namespace = aNamespace('sluice-chart', 8080);
    sluice = await startSluice({ environment: { PATH: `${RENDERERS}:${PATH}` } });
    repository = await sluice.repository('shop');
    const environment = { kind: 'kubernetes', namespace: namespace.name, kubeconfigSecret: null };
    await sluice.api.call('PUT', '/api/environments/cluster', { ...environment, prometheusUrl: null });
  });
  afterAll(async () => {
    await sluice?.[Symbol.asyncDispose]();
    await namespace?.[Symbol.asyncDispose]();
  });

  test('is rendered and rolled out place by place, and a version that does not start is taken back', async () => {
    const first = await release(application(), 'the first version');
    expect(failures(first)).toEqual([]);
    expect(namespace.kubectl('get', 'statefulset', 'shop', '--output=jsonpath={.spec.replicas}')).toBe('2');

    const second = await release({ 'NOTES.md': 'second\n' }, 'the second version');
    expect(failures(second)).toEqual([]);
    expect(await versions()).toEqual([versionOf(second), versionOf(second)]);

    const broken = await release({ 'server.mjs': 'process.exit(3);\n' }, 'one that ends at once');
    expect(failures(broken)).toEqual([expect.stringMatching(/production: .*CrashLoopBackOff/)]);
    expect(await versions()).toEqual([versionOf(second), versionOf(second)]);
  });

  async function release(files: Readonly<Record<string, string>>, message: string): Promise<RunView> {
    return endedRun(sluice.api, await repository.push(files, message));
  }

  const versions = async (): Promise<readonly string[]> =>
    namespace
      .pods()
      .filter((pod) => pod.isReady && !pod.isEnding)
      .map(({ version }) => version);
});

const versionOf = ({ number, commit }: RunView): string => `r${number}-${commit.sha.slice(0, 7)}`;

function failures(run: RunView): readonly string[] {
  const stages = Object.entries(run.state?.stages ?? {});
  return stages.flatMap(([id, stage]) =>
    stage.status === 'failed' ? [`${id}: ${stage.failure.message}`] : [],
  );
}

const hello = fileURLToPath(new URL('../../examples/hello/', import.meta.url));

function application(): Readonly<Record<string, string>> {
  const names = [
    'server.mjs',
    'metrics.mjs',
    'greeting.mjs',
    'Dockerfile',
    '.dockerignore',
    'error-rate.txt',
  ];
  const files = Object.fromEntries(names.map((name) => [name, readFileSync(`${hello}${name}`, 'utf8')]));
  return { ...files, ...chart, '.sluice.yml': pipeline };
}

const pipeline = `
name: shop
on: { push: {} }
stages:
  image:
    build: { file: Dockerfile, args: { BASE: '${baseImage}' } }
  push:
    needs: [image]
    push: { of: image, to: '${REGISTRY}/sluice-e2e-chart', tags: ['\${{ commit.short }}'] }
  production:
    needs: [push]
    deploy:
      environment: cluster
      image: push
      chart: { path: chart, set: { replicas: 2, commit: '\${{ commit.short }}' } }
      strategy: canary
      drain: 0s
      deadline: 10m
      steps: [{ pause: 1s }, { set_weight: 50 }, { pause: 1s }]
`;

const chart = {
  'chart/Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 0.1.0\n',
  'chart/values.yaml': 'replicas: 1\ncommit: none\n',
  'chart/templates/shop.yaml': `
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: {{ .Release.Name }}, annotations: { commit: {{ .Values.commit | quote }} } }
spec:
  replicas: {{ .Values.replicas }}
  serviceName: shop
  selector: { matchLabels: { app: shop } }
  template:
    metadata: { labels: { app: shop } }
    spec:
      terminationGracePeriodSeconds: 2
      containers:
        - name: shop
          image: shop
          imagePullPolicy: IfNotPresent
          readinessProbe: { httpGet: { path: /healthz, port: 8080 }, periodSeconds: 1 }
---
apiVersion: v1
kind: Service
metadata: { name: shop }
spec: { clusterIP: None, selector: { app: shop }, ports: [{ port: 8080 }] }
`,
};
