import { expect, test } from 'vitest';
import type { StageDefinition } from './definition.ts';
import { parsePipeline } from './parse-pipeline.ts';

const shop = `
name: shop
on:
  push: { branches: [main, release/*], paths: [src/**], ignore: ['**/*.md'] }
  pull_request: main
  tag: v*
  manual:
    inputs: { level: { type: choice, options: [debug, info], default: info } }
env: { CI: 'true' }
defaults: { timeout: 10m, retry: { attempts: 2 }, resources: { cpu: 2, memory: 2Gi } }
stages:
  test:
    image: node:20
    env: { TOKEN: { secret: npm-token } }
    allow_failure: [75]
    steps:
      - npm ci
      - name: unit
        if: always()
        run: npm test
        timeout: 1h30m
    outputs: { version: { file: ./out/VERSION } }
  image: { needs: [test], build: { target: prod, args: { REV: '\${{ commit.sha }}' } } }
  scan: { needs: image, scan: { of: image, allow: [{ id: CVE-2024-1, until: 2030-02-28, reason: not used }] } }
  push: { needs: [scan], push: { of: image, to: registry.example.com:5000/shop } }
  accept: { needs: [{ stage: push, optional: true }], approve: { by: release-managers, count: 2, within: 4h, not_author: true } }
  production:
    needs: [push, accept]
    if: branch == 'main'
    retry: { attempts: 3, delay: 1s, factor: 3, max_delay: 1m, on: ['exit:75', worker-lost] }
    deploy: { environment: production, image: push, container: { port: 8080 }, strategy: canary, confidence: 99% }
`;

test('a pipeline is read with every default filled in', () => {
  const { definition, diagnostics } = parsePipeline(shop, '.sluice.yml');
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  expect(definition).toMatchObject({
    name: 'shop',
    env: { CI: { kind: 'text', text: 'true' } },
    on: {
      push: { branches: ['main', 'release/*'], paths: ['src/**'], ignore: ['**/*.md'] },
      pull_request: { branches: ['main'], paths: [], ignore: [] },
      tag: { patterns: ['v*'] },
      manual: { inputs: { level: { type: 'choice', options: ['debug', 'info'], default: 'info' } } },
    },
  });
});

test('steps are commands, or commands with a name, a condition and a timeout', () => {
  expect(stage('test')).toEqual({
    id: 'test',
    needs: [],
    if: null,
    env: { TOKEN: { kind: 'secret', secret: 'npm-token' } },
    timeoutMs: 600_000,
    retry: {
      attempts: 2,
      delayMs: 10_000,
      factor: 2,
      maxDelayMs: 600_000,
      on: ['infrastructure', 'image-pull'],
    },
    allowFailure: [75],
    pool: null,
    concurrency: null,
    matrix: null,
    work: {
      kind: 'steps',
      image: 'node:20',
      checkout: true,
      shell: 'sh',
      network: true,
      services: [],
      user: null,
      readOnlyRoot: false,
      pod: null,
      resources: { cpu: 2, memoryBytes: 2_147_483_648, pids: null },
      steps: [
        { name: 'npm ci', run: 'npm ci', if: null, env: {}, timeoutMs: null, retry: null },
        { name: 'unit', run: 'npm test', if: 'always()', env: {}, timeoutMs: 5_400_000, retry: null },
      ],
      outputs: { version: { file: 'out/VERSION' } },
    },
  });
});

test('build, scan and push read with what they leave out', () => {
  expect(stage('image').work).toEqual({
    kind: 'build',
    file: 'Dockerfile',
    context: '.',
    target: 'prod',
    args: { REV: '${{ commit.sha }}' },
  });
  expect(stage('scan').work).toEqual({
    kind: 'scan',
    of: 'image',
    failOn: 'high',
    noData: 'fail',
    allow: [{ id: 'CVE-2024-1', until: '2030-02-28', reason: 'not used' }],
  });
  expect(stage('push').work).toEqual({
    kind: 'push',
    of: 'image',
    to: 'registry.example.com:5000/shop',
    tags: ['${{ commit.short }}'],
  });
});

test('strategy: canary alone raises the weight in three steps with an analysis after each', () => {
  expect(stage('production').work).toMatchObject({
    kind: 'deploy',
    manifests: null,
    container: { port: 8080, replicas: 2, env: {}, health: '/' },
    strategy: 'canary',
    steps: [
      { kind: 'set-weight', percent: 1 },
      { kind: 'analysis', forMs: 300_000 },
      { kind: 'set-weight', percent: 10 },
      { kind: 'analysis', forMs: 600_000 },
      { kind: 'set-weight', percent: 50 },
      { kind: 'analysis', forMs: 600_000 },
    ],
    confidence: 0.99,
    intervalMs: 10_000,
    noData: 'wait',
    onInconclusive: 'hold',
    bakeMs: 0,
    drainMs: 5_000,
    deadlineMs: 7_200_000,
  });
});

test('needs, approvals and retry read in their short and long forms', () => {
  expect(stage('scan').needs).toEqual([{ stage: 'image', optional: false }]);
  expect(stage('accept')).toMatchObject({
    needs: [{ stage: 'push', optional: true }],
    work: { approval: { by: ['release-managers'], count: 2, withinMs: 14_400_000, notAuthor: true } },
  });
  expect(stage('production').retry).toEqual({
    attempts: 3,
    delayMs: 1_000,
    factor: 3,
    maxDelayMs: 60_000,
    on: ['exit:75', 'worker-lost'],
  });
});

test('a stage without anything else is tried once, for half an hour at most', () => {
  const { definition } = parsePipeline('on: push\nstages: { a: { steps: [true_] } }', 'ci/release.yml');
  expect(definition).toMatchObject({
    name: 'release',
    stages: [{ timeoutMs: 1_800_000, retry: { attempts: 1 }, allowFailure: false }],
  });
});

test('anchors and merged maps read as if they were written out', () => {
  const text = `
on: push
stages:
  a: &base
    image: node:20
    steps: [echo a]
  b:
    <<: *base
    needs: [a]
    steps: [echo b]
`;
  const { definition, diagnostics } = parsePipeline(text, 'x.yml');
  expect(diagnostics).toEqual([]);
  expect(definition?.stages[1]).toMatchObject({
    id: 'b',
    needs: [{ stage: 'a' }],
    work: { image: 'node:20', steps: [{ run: 'echo b' }] },
  });
});

test('a Kubernetes canary without metrics is a warning, and the file stays usable', () => {
  const text = shop.replace('container: { port: 8080 }', 'manifests: k8s/');
  const { definition, diagnostics } = parsePipeline(text, 'x.yml');
  expect(diagnostics).toContainEqual(expect.objectContaining({ severity: 'warning', code: 'no-metrics' }));
  expect(definition).not.toBeNull();
});

function stage(id: string): StageDefinition {
  const found = parsePipeline(shop, '.sluice.yml').definition?.stages.find((each) => each.id === id);
  if (found === undefined) throw new Error(`no stage ${id}`);
  return found;
}

test('mistakes on one endless line are told in time that grows with the line, not with its square', () => {
  const nested = `  name: x\non: push\nstages:\n  a: ${'{a: '.repeat(5_000)}\n`;
  const listed = `on: push\n    a: [${'a, '.repeat(10_000)}a]\n`;
  for (const text of [nested, listed])
    expect(parsePipeline(text, 'x.yml').diagnostics.length).toBeGreaterThan(0);
});
