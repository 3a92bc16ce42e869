// A hundred instances of a service, deployed and updated through a deploy stage, against `kubectl apply` and
// `kubectl rollout status` of the same manifest on the same cluster.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { RolloutView, RunView } from '@sluice/pipelines/protocol/api';
import { aNamespace, type TestNamespace } from '../rig/kubernetes.ts';
import type { TestRepository } from '../rig/repository.ts';
import { endedRun, eventually, startSluice, type SluiceRig } from '../rig/sluice.ts';
import type { Figure } from './figure.ts';

const instances = 100;
const rounds = 2;
const patienceMs = 900_000;

export async function deployInstances(say: (line: string) => void): Promise<readonly Figure[]> {
  const { KUBECONFIG, REGISTRY } = process.env;
  if (KUBECONFIG === undefined || REGISTRY === undefined)
    throw new Error('a cluster and a registry are needed: set KUBECONFIG and REGISTRY');
  await using ours = aNamespace('sluice-bench', 8080);
  await using theirs = aNamespace('kubectl-bench', 8080);
  await using sluice = await startSluice();
  const repository = await sluice.repository('instances');
  await sluice.api.call('PUT', '/api/environments/cluster', {
    kind: 'kubernetes',
    namespace: ours.name,
    kubeconfigSecret: null,
    prometheusUrl: null,
  });
  // The image is on the node, and both have one instance of it.
  const image = (await release(sluice, repository, ours, { replicas: 1, word: 'first' })).image;
  await rolled(theirs, manifest(image, 1, 'first'));

  const figures = { deployed: figureOf('deployed'), updated: figureOf('updated') };
  for (let round = 1; round <= rounds; round += 1) {
    for (const what of ['deployed', 'updated'] as const) {
      const word = `${what}-${round}`;
      const { tookMs } = await release(sluice, repository, ours, { replicas: instances, word });
      if (what === 'updated') await scaledDown(ours);
      figures[what].ours.push(tookMs);
    }
    for (const what of ['deployed', 'updated'] as const) {
      figures[what].limits.push(await rolled(theirs, manifest(image, instances, `${what}-${round}`)));
      if (what === 'updated') await scaledDown(theirs);
    }
    for (const [what, figure] of Object.entries(figures)) {
      const [one, other] = [figure.ours.at(-1) ?? 0, figure.limits.at(-1) ?? 0];
      say(`${instances} instances ${what}: ${seconds(one)}, kubectl ${seconds(other)}`);
    }
  }
  return Object.values(figures);
}

function figureOf(what: 'deployed' | 'updated'): Figure & { ours: number[]; limits: number[] } {
  return {
    name: `${instances} instances ${what} on Kubernetes`,
    limit: '`kubectl apply` and `kubectl rollout status` of the same manifest on the same cluster',
    unit: 'ms',
    ours: [],
    limits: [],
    goal: { kind: 'ratio', is: 'at-most', ratio: 1.1 },
    note: `from the first to the last moment of the rollout (strategy rolling, at most a quarter more at a time, none less); ${rounds} rounds. The target is ≤ 60 s besides, where the cluster itself can: one node of this machine starts every container.`,
  };
}

interface Release {
  readonly replicas: number;
  readonly word: string;
}

async function release(
  sluice: SluiceRig,
  repository: TestRepository,
  namespace: TestNamespace,
  { replicas, word }: Release,
): Promise<{ readonly image: string; readonly tookMs: number }> {
  const files = {
    Dockerfile: `FROM ${baseImage}\nENV SLEEP=100000\n`,
    'k8s/many.yml': manifest('many', replicas, word),
    '.sluice.yml': pipeline,
  };
  const run = await endedRun(sluice.api, await repository.push(files, word), patienceMs);
  const deployment = run.state?.stages['production'];
  if (run.status !== 'succeeded')
    throw new Error(
      `${word}: ${deployment?.status === 'failed' ? deployment.failure.message : JSON.stringify(run.diagnostics)}`,
    );
  const { rollout } = await rolloutOf(sluice, run);
  const ready = namespace.kubectl('get', 'deployment', 'many', '-o', 'jsonpath={.status.readyReplicas}');
  if (Number(ready) !== replicas) throw new Error(`${word}: ${ready} of ${replicas} instances are ready`);
  const { phase, startedAt, spec } = rollout;
  return { image: spec.image, tookMs: ('at' in phase ? phase.at : Number.NaN) - startedAt };
}

function rolloutOf({ api }: SluiceRig, run: RunView): Promise<RolloutView> {
  return api.call<RolloutView>('GET', `/api/rollouts/${run.rollouts.at(-1)?.id ?? ''}`);
}

/** How long it took until every instance was of this manifest. This process goes on meanwhile: its connections do. */
async function rolled({ name }: TestNamespace, text: string): Promise<number> {
  const run = promisify(execFile);
  const begun = performance.now();
  const applied = run('kubectl', ['-n', name, 'apply', '-f', '-']);
  applied.child.stdin?.end(text);
  await applied;
  await run('kubectl', [
    '-n',
    name,
    'rollout',
    'status',
    'deployment/many',
    `--timeout=${patienceMs / 1_000}s`,
  ]);
  return performance.now() - begun;
}

/** The node has room for the next hundred, and nothing else to do. */
async function scaledDown({ kubectl }: TestNamespace): Promise<void> {
  kubectl('scale', 'deployment/many', '--replicas=1');
  await eventually(
    'one instance',
    () => (kubectl('get', 'pods', '-o', 'name').trim().split('\n').length === 1 ? true : null),
    patienceMs,
  );
}

const baseImage = process.env['TEST_IMAGE'] ?? 'lab/busybox:1';
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

const manifest = (image: string, replicas: number, word: string): string => `apiVersion: apps/v1
kind: Deployment
metadata: { name: many }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: many } }
  strategy: { type: RollingUpdate, rollingUpdate: { maxUnavailable: 0, maxSurge: 25% } }
  template:
    metadata: { labels: { app: many } }
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - name: many
          image: ${image}
          imagePullPolicy: IfNotPresent
          command: [sleep, '100000']
          env: [{ name: WORD, value: ${word} }]
`;

const pipeline = `name: many
on: { push: {} }
stages:
  image:
    build: { file: Dockerfile }
  push:
    needs: [image]
    push: { of: image, to: '${process.env['REGISTRY'] ?? ''}/sluice-bench-many', tags: ['\${{ commit.short }}'] }
  production:
    needs: [push]
    deploy: { environment: cluster, image: push, manifests: k8s/, strategy: rolling, drain: 0s, deadline: 20m }
`;
