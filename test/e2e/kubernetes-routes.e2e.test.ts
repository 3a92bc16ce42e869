// On a real cluster: a canary whose share is given by a route, which a real proxy carries out. What users get is counted by
// the users themselves.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RolloutView, RunView } from '@sluice/pipelines/protocol/api';
import { startLoad, type Load } from '../../cli/src/up/load.ts';
import { installDefinitions } from '../../worker/src/deploy/kubernetes/traffic/definitions-rig.ts';
import {
  startRouteController,
  type RouteControllerRig,
} from '../../worker/src/deploy/kubernetes/traffic/route-controller-rig.ts';
import { missingForRoutes } from '../../worker/src/deploy/kubernetes/traffic/router-rig.ts';
import { installGuard } from '../rig/guard.ts';
import { aNamespace, type TestNamespace } from '../rig/kubernetes.ts';
import type { TestRepository } from '../rig/repository.ts';
import { endedRun, eventually, runOf, startSluice, type SluiceRig } from '../rig/sluice.ts';

const { REGISTRY, PROMETHEUS_URL } = process.env;
const baseImage = process.env['TEST_NODE_IMAGE'] ?? 'lab/node:20';
const isMissing = missingForRoutes('httproute') !== null || [REGISTRY, PROMETHEUS_URL].includes(undefined);
const provider = { kind: 'httproute', name: 'hello' } as const;

describe.skipIf(isMissing)('a canary behind a route', () => {
  let sluice: SluiceRig;
  let namespace: TestNamespace;
  let repository: TestRepository;
  let controller: RouteControllerRig;
  let load: Load;

  beforeAll(async () => {
    installDefinitions();
    namespace = aNamespace('sluice-routes', 8080);
    controller = await startRouteController(namespace.name, provider);
    sluice = await startSluice();
    repository = await sluice.repository('shop');
    await sluice.api.call('PUT', '/api/environments/cluster', {
      kind: 'kubernetes',
      namespace: namespace.name,
      kubeconfigSecret: null,
      prometheusUrl: PROMETHEUS_URL,
    });
    const first = await repository.push(
      { ...application(), 'error-rate.txt': '0\n', '.sluice.yml': pipeline('hello') },
      'first',
    );
    expect((await endedRun(sluice.api, first)).status).toBe('succeeded');
    await controller.caughtUp();
    load = startLoad(`http://127.0.0.1:${controller.port}/`, 100);
  }, 300_000);
  afterAll(async () => {
    load?.stop();
    await sluice?.[Symbol.asyncDispose]();
    await controller?.[Symbol.asyncDispose]();
    await namespace?.[Symbol.asyncDispose]();
  });

  test('has the share that users see, with no more pods than that takes, and is promoted', async () => {
    const route = (): unknown => JSON.parse(namespace.kubectl('get', 'httproute/hello', '-o', 'json')).spec;
    const before = route();
    const commit = await repository.push({ 'NOTES.md': 'second\n' }, 'the second version');
    const { id } = await runOf(sluice.api, commit);
    const view = await eventually('the approval that the canary waits for', async () => {
      const run = await sluice.api.call<RunView>('GET', `/api/runs/${id}`);
      const newest = run.rollouts.at(-1);
      if (newest === undefined) return null;
      const rollout = await sluice.api.call<RolloutView>('GET', `/api/rollouts/${newest.id}`);
      return rollout.rollout.phase.name === 'awaiting-approval' ? rollout : null;
    });
    const { spec, facts, verdict } = view.rollout;
    expect(facts).toMatchObject({
      canary: { weightPercent: 20, replicas: 1 },
      stable: { weightPercent: 80, replicas: 3 },
      can: { router: 'httproute' },
    });
    const seen = await versionsSeen(1_000);
    const share = (seen[spec.version] ?? 0) / 10;
    const measured = verdict?.metrics[0]?.observedSharePercent ?? 0;
    console.log(`asked for 20 %; users saw ${share.toFixed(1)} %, the gate ${measured.toFixed(1)} %`);
    const sixSigma = 600 * Math.sqrt((0.2 * 0.8) / 1_000);
    expect(Math.abs(share - 20)).toBeLessThan(sixSigma);
    expect(Math.abs(measured - 20)).toBeLessThan(sixSigma);

    await sluice.api.call('POST', `/api/runs/${id}/stages/production/vote`, {
      verdict: 'approved',
      reason: 'looks good',
      decisionHash: view.decisions.at(-1)?.hash ?? null,
    });
    const run = await endedRun(sluice.api, commit);
    expect(run.status).toBe('succeeded');
    expect(route()).toEqual(before);
    expect(await versionsSeen(100)).toEqual({ [spec.version]: 100 });
    const services = namespace.kubectl('get', 'services', '-o', 'name').trim();
    expect(services).toBe('service/hello');
    const { requests, failed } = load.counts();
    console.log(`a canary behind a route: ${requests} requests, ${failed} failed`);
    expect(failed).toBe(0);
  });

  test('on a route that is not there is refused before anything is changed', async () => {
    const commit = await repository.push({ '.sluice.yml': pipeline('helo') }, 'a mistyped route');
    const run = await endedRun(sluice.api, commit);
    const stage = run.state?.stages['production'];
    const failure = stage?.status === 'failed' ? stage.failure.message : '';
    expect(failure).toMatch(/nothing was deployed.*no HTTPRoute helo.*add it to the manifests/);
  });

  test('is given back by the guard while the engine is dead, and rolled back when it lives again', async () => {
    const route = (): unknown => JSON.parse(namespace.kubectl('get', 'httproute/hello', '-o', 'json')).spec;
    const before = route();
    const [old = ''] = Object.keys(await versionsSeen(1));
    await using guard = await installGuard(namespace.name, 'httproute/hello');
    const guarded = pipeline('hello').replace('interval: 2s', 'interval: 2s\n      guard: 20s');
    const paused = guarded.replace('- set_weight: 20', '- set_weight: 20\n        - pause: {}');

    guard.start();
    await eventually('the guard at work', () => (guard.output().includes('guarding rollouts') ? true : null));
    const commit = await repository.push({ '.sluice.yml': paused }, 'the third version');
    const { id } = await runOf(sluice.api, commit);
    const rolloutOf = async (): Promise<RolloutView | null> => {
      const run = await sluice.api.call<RunView>('GET', `/api/runs/${id}`);
      const newest = run.rollouts.at(-1);
      return newest === undefined ? null : sluice.api.call<RolloutView>('GET', `/api/rollouts/${newest.id}`);
    };
    const pausedRollout = async (): Promise<RolloutView['rollout'] | null> => {
      const rollout = (await rolloutOf())?.rollout;
      return rollout?.phase.name === 'paused' ? rollout : null;
    };
    const { spec, guard: watched } = await eventually('the pause at 20 %', pausedRollout, 300_000);
    expect(watched).toEqual({ problem: null });
    expect(Object.keys(await versionsSeen(200)).toSorted()).toEqual([old, spec.version].toSorted());

    process.kill(sluice.pid('up'), 'SIGSTOP'); // who would start them again
    for (const part of ['server', 'worker'] as const) process.kill(sluice.pid(part), 'SIGKILL');
    const diedAt = performance.now();
    await eventually('the old route', () => (isDeepStrictEqual(route(), before) ? true : null));
    const seconds = (performance.now() - diedAt) / 1_000;
    await controller.caughtUp();
    expect(await versionsSeen(500)).toEqual({ [old]: 500 });
    console.log(`the engine killed at 20 %: old version alone after ${seconds.toFixed(1)} s (guard: 20s)`);

    process.kill(sluice.pid('up'), 'SIGCONT');
    const run = await endedRun(sluice.api, commit);
    const view = await rolloutOf();
    expect(run.status).toBe('failed');
    expect(view?.rollout.phase).toMatchObject({
      name: 'rolled-back',
      reason: expect.stringMatching(
        /^nothing was heard of the engine for 2\d s, and the guard in the cluster has acted: HTTPRoute hello/,
      ),
    });
    expect(view?.decisions.at(-1)).toMatchObject({ kind: 'roll-back', by: 'guard' });
    expect(route()).toEqual(before);
    expect(namespace.kubectl('get', 'leases', '-o', 'name').trim()).toBe(
      'lease.coordination.k8s.io/sluice-guard',
    );
    expect(await versionsSeen(100)).toEqual({ [old]: 100 });
    const { requests, failed } = load.counts();
    console.log(`with a dead engine in the middle: ${requests} requests, ${failed} failed`);
    expect(failed).toBe(0);
  }, 600_000);

  test('has a guard that may put it back, and nothing else', async () => {
    await using guard = await installGuard(namespace.name, 'httproute/hello');
    const mayIt = (asked: string): boolean => {
      const args = [
        '-n',
        namespace.name,
        '--kubeconfig',
        guard.kubeconfig,
        'auth',
        'can-i',
        ...asked.split(' '),
      ];
      return spawnSync('kubectl', args, { encoding: 'utf8' }).stdout.trim() === 'yes';
    };
    const needed = [
      'list leases.coordination.k8s.io',
      'patch leases.coordination.k8s.io/sluice-guard',
      'patch leases.coordination.k8s.io/sluice-guard-hello',
      'get endpoints/hello',
      'get httproutes.gateway.networking.k8s.io/hello',
      'patch httproutes.gateway.networking.k8s.io/hello',
    ];
    const others = [
      'get secrets',
      'list pods',
      'get deployments.apps/hello',
      'patch deployments.apps/hello',
      'patch services/hello',
      'create leases.coordination.k8s.io',
      'patch leases.coordination.k8s.io/elect',
      'delete httproutes.gateway.networking.k8s.io/hello',
      'patch httproutes.gateway.networking.k8s.io/other',
      'list leases.coordination.k8s.io --all-namespaces',
    ];
    expect([...needed, ...others].filter(mayIt)).toEqual(needed);
  });

  async function versionsSeen(count: number): Promise<Readonly<Record<string, number>>> {
    const seen: Record<string, number> = {};
    for (let left = count; left > 0; left -= 1) {
      const answer = await fetch(`http://127.0.0.1:${controller.port}/`);
      const version = /Hello from (\S+)<\/title>/.exec(await answer.text())?.[1] ?? `status ${answer.status}`;
      seen[version] = (seen[version] ?? 0) + 1;
    }
    return seen;
  }
});

const hello = fileURLToPath(new URL('../../examples/hello/', import.meta.url));

function application(): Readonly<Record<string, string>> {
  const names = ['server.mjs', 'metrics.mjs', 'greeting.mjs', 'Dockerfile', '.dockerignore'];
  const files = Object.fromEntries(names.map((name) => [name, readFileSync(`${hello}${name}`, 'utf8')]));
  return { ...files, 'k8s/hello.yml': manifests };
}

const pipeline = (route: string) => `
name: shop
on: { push: {} }
stages:
  image:
    build: { file: Dockerfile, args: { BASE: '${baseImage}' } }
  push:
    needs: [image]
    push: { of: image, to: '${REGISTRY}/sluice-e2e-routes', tags: ['\${{ commit.short }}'] }
  production:
    needs: [push]
    deploy:
      environment: cluster
      image: push
      manifests: k8s/
      strategy: canary
      traffic: httproute/${route}
      interval: 2s
      drain: 1s
      deadline: 10m
      steps:
        - set_weight: 20
        - analysis: { for: 60s }
        - approve: { within: 5m }
      metrics:
        errors:
          query: 'http_requests_total{version="\${{ version }}",code=~"5.."}'
          of: 'http_requests_total{version="\${{ version }}"}'
          worse_than: 1.5x
`;

const manifests = `apiVersion: apps/v1
kind: Deployment
metadata: { name: hello }
spec:
  replicas: 3
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
          env: [{ name: GRACE_MS, value: '2000' }]
          readinessProbe: { httpGet: { path: /healthz, port: 8080 }, periodSeconds: 1 }
---
apiVersion: v1
kind: Service
metadata: { name: hello }
spec:
  selector: { app: hello }
  ports: [{ port: 80, targetPort: 8080 }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: hello }
spec:
  parentRefs: [{ name: web }]
  rules:
    - matches: [{ path: { type: PathPrefix, value: / } }]
      backendRefs: [{ name: hello, port: 80 }]
`;
