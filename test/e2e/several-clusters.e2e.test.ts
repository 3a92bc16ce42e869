// One version to several clusters of a real Kubernetes (namespaces, each with a kubeconfig of its own) in waves: promoted
// everywhere; put back in wave 1 when a cluster of wave 2 has no room; held while a cluster cannot be reached.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RolloutView, RunView } from '@sluice/pipelines/protocol/api';
import { openLink, type Link } from '../crash/link.ts';
import { aNamespace, type TestNamespace } from '../rig/kubernetes.ts';
import type { TestRepository } from '../rig/repository.ts';
import { endedRun, eventually, runOf, startSluice, type SluiceRig } from '../rig/sluice.ts';

const bin = fileURLToPath(new URL('../../cli/bin/sluice.js', import.meta.url));
const { KUBECONFIG, REGISTRY } = process.env;
const baseImage = process.env['TEST_IMAGE'] ?? 'lab/busybox:1';

describe.skipIf(KUBECONFIG === undefined || REGISTRY === undefined)(
  'an environment with several clusters',
  () => {
    let sluice: SluiceRig;
    let repository: TestRepository;
    let link: Link;
    const clusters = new Map<string, TestNamespace>();

    beforeAll(async () => {
      const kubeconfig = readFileSync(KUBECONFIG ?? '', 'utf8');
      const port = Number(/server: "?https:\/\/[^:"]+:(\d+)/.exec(kubeconfig)?.[1]);
      link = await openLink('the API server of c', { port: 0 }, { port });
      const far = 'port' in link.place ? link.place.port : 0;
      for (const name of ['a', 'b', 'c']) clusters.set(name, aNamespace(`sluice-waves-${name}`, 8080));
      sluice = await startSluice();
      repository = await sluice.repository('fleet');
      const throughLink = kubeconfig.replace(`:${port}`, `:${far}`);
      for (const [name, value] of [
        ['near', kubeconfig],
        ['far', throughLink],
      ] as const)
        await sluice.api.call('PUT', `/api/secrets/${name}`, { value });
      await sluice.api.call('PUT', '/api/environments/fleet', {
        kind: 'clusters',
        clusters: [...clusters].map(([name, { name: namespace }]) => ({
          name,
          instancesPercent: name === 'b' ? 200 : 100,
          target: { kind: 'kubernetes', namespace, kubeconfigSecret: name === 'c' ? 'far' : 'near' },
        })),
      });
    });
    afterAll(async () => {
      await sluice?.[Symbol.asyncDispose]();
      await link?.[Symbol.asyncDispose]();
      for (const namespace of clusters.values()) await namespace[Symbol.asyncDispose]();
    });

    test('is checked before anything is released to it', async () => {
      const { code, lines } = await check();
      expect(lines).toEqual(
        ['a', 'b', 'c'].map((name) =>
          expect.stringMatching(new RegExp(`^✓ ${name}  reachable; nothing was`)),
        ),
      );
      expect(code).toBe(0);
    });

    test('gets a version wave by wave, each cluster with its share of the instances', async () => {
      const run = await release('first');
      expect(failures(run)).toEqual([]);
      const { rollout } = await leaderOf(run);
      expect(rollout.spec.waves?.map((wave) => wave.map(({ name }) => name))).toEqual([['a'], ['b', 'c']]);
      await eventually('all pods', () => {
        const counts = ['a', 'b', 'c'].map((name) => versionsIn(name).length);
        return counts.join() === '1,2,1' ? true : null;
      });
    });

    test('is checked for what was changed by hand, and for what cannot be reached', async () => {
      clusters.get('a')?.kubectl('scale', 'deployment/shop', '--replicas=3');
      link.cut();
      const { code, lines } = await check();
      link.heal();
      clusters.get('a')?.kubectl('scale', 'deployment/shop', '--replicas=1');
      expect(lines).toEqual([
        expect.stringMatching(/^✗ a {2}reachable; not as it was released: replicas is 3 instead of 1/),
        expect.stringMatching(/^✓ b {2}reachable; runs r\d+-\w+ as it was released/),
        expect.stringMatching(/^✗ c {2}.*does not answer/),
      ]);
      expect(code).toBe(1);
      const { code: codeOfB } = await check('--cluster', 'b');
      expect(codeOfB).toBe(0);
    });

    test('where a cluster of wave 2 has no room, wave 1 gets back what it had', async () => {
      const before = versionsIn('a');
      const namespace = clusters.get('b');
      namespace?.kubectl('create', 'quota', 'full', '--hard=pods=2');
      const run = await release('second', '30s');
      namespace?.kubectl('delete', 'quota', 'full');
      expect(run.status).toBe('failed');
      const { rollout } = await leaderOf(run);
      expect(rollout.phase.name).toBe('rolled-back');
      expect(rollout.fleet?.clusters).toMatchObject({
        a: { status: 'returned', round: 1 },
        b: { status: 'returned' },
      });
      await eventually('the old version in every cluster', () => {
        const versions = ['a', 'b', 'c'].flatMap(versionsIn);
        return versions.every((version) => version === before[0]) ? true : null;
      });
    });

    test('that is lost in the middle holds its wave, and gets the version when it is back', async () => {
      link.cut();
      const commit = await repository.push(files('third'), 'third');
      const { id } = await runOf(sluice.api, commit);
      const note = await eventually('the lost cluster to be named', async () => {
        const run = await sluice.api.call<RunView>('GET', `/api/runs/${id}`);
        const view = run.rollouts.length === 0 ? null : await leaderOf(run);
        return view?.rollout.fleet?.clusters['c']?.note ?? null;
      });
      expect(note).toContain('does not answer');
      link.heal();
      const run = await endedRun(sluice.api, commit);
      expect(failures(run)).toEqual([]);
      await eventually('one version everywhere', () =>
        new Set(['a', 'b', 'c'].flatMap(versionsIn)).size === 1 ? true : null,
      );
    });

    function check(...options: readonly string[]): Promise<{ code: number; lines: readonly string[] }> {
      const args = [bin, 'environments', 'check', 'fleet', ...options];
      const env = {
        ...process.env,
        SLUICE_URL: sluice.url,
        SLUICE_TOKEN: sluice.api.token,
        NO_COLOR: '1',
      };
      return new Promise((resolve) => {
        const child = execFile(process.execPath, args, { env }, (_, stdout) =>
          resolve({ code: child.exitCode ?? -1, lines: stdout.trim().split('\n') }),
        );
      });
    }

    const versionsIn = (name: string): readonly string[] =>
      (clusters.get(name)?.pods() ?? [])
        .filter((pod) => !pod.isEnding && pod.isReady)
        .map(({ version }) => version);

    async function release(word: string, patience?: string): Promise<RunView> {
      return endedRun(sluice.api, await repository.push(files(word, patience), word));
    }

    const leaderOf = (run: RunView): Promise<RolloutView> =>
      sluice.api.call<RolloutView>('GET', `/api/rollouts/${run.rollouts.at(-1)?.id ?? ''}`);
  },
);

function failures(run: RunView): readonly string[] {
  const stages = Object.values(run.state?.stages ?? {});
  return [
    ...run.diagnostics.map(({ message }) => message),
    ...stages.flatMap((state) => (state.status === 'failed' ? [state.failure.message] : [])),
  ];
}

/** `patience`: how long replicas that do not get ready are waited for. */
const files = (word: string, patience = '5m'): Readonly<Record<string, string>> => ({
  Dockerfile: `FROM ${baseImage}\nENV WORD=${word}\n`,
  'k8s/shop.yml': manifest,
  '.sluice.yml': pipeline(patience),
});

const manifest = `apiVersion: apps/v1
kind: Deployment
metadata: { name: shop }
spec:
  replicas: 1
  selector: { matchLabels: { app: shop } }
  template:
    metadata: { labels: { app: shop } }
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{ name: shop, image: shop, command: [sleep, '100000'] }]
`;

const pipeline = (patience: string): string => `name: fleet
on: { push: {} }
stages:
  image: { build: { file: Dockerfile } }
  push:
    needs: [image]
    push: { of: image, to: '${REGISTRY ?? ''}/sluice-e2e-fleet', tags: ['\${{ commit.short }}'] }
  production:
    needs: [push]
    deploy:
      environment: fleet
      image: push
      manifests: k8s/
      waves: [1, rest]
      drain: 0s
      progress_deadline: ${patience}
`;
