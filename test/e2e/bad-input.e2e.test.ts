// Everything a person or a stranger may get wrong, at the doors of a whole Sluice: each with a message that says
// what to do, nothing lost, nothing left behind.
import { createHmac } from 'node:crypto';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SessionView } from '@sluice/pipelines/protocol/api';
import { ApiError } from '../../cli/src/api-client.ts';
import { endedRun, eventually, startSluice, type SluiceRig } from '../rig/sluice.ts';
import type { TestRepository } from '../rig/repository.ts';

const image = process.env['TEST_IMAGE'] ?? 'lab/busybox:1';
const registry = process.env['REGISTRY'] ?? '';
let sluice: SluiceRig;
let repository: TestRepository;

beforeAll(async () => {
  sluice = await startSluice();
  repository = await sluice.repository('mistakes');
});
afterAll(async () => {
  await sluice[Symbol.asyncDispose]();
});

describe('a pipeline file', () => {
  test('that is broken is a failed run which shows where and what to do', async () => {
    const run = await pushed(
      'stages:\n  build: { image: x, steps: [make] }\n  test: { image: x, needs: [biuld], steps: [make] }\n',
    );
    expect(run.status).toBe('failed');
    expect(run.diagnostics[0]).toMatchObject({ severity: 'error', file: '.sluice.yml' });
    expect(run.diagnostics.map((each) => each.message).join('\n')).toContain('Did you mean "build"?');
  });

  test('with a cycle names the stages that wait for each other', async () => {
    const run = await pushed(
      'stages:\n  a: { image: x, needs: [b], steps: [make] }\n  b: { image: x, needs: [a], steps: [make] }\n',
    );
    expect(run.diagnostics.map((each) => each.message).join('\n')).toMatch(/a.*b.*a|b.*a.*b/);
  });

  test('with an unknown key is told the one that was meant', async () => {
    const run = await pushed('stages:\n  a: { image: x, need: [], steps: [make] }\n');
    expect(run.diagnostics.map((each) => each.message).join('\n')).toContain('needs');
  });

  test('whose paths leave the repository is refused before anything runs', async () => {
    const run = await pushed('stages:\n  a: { build: { file: ../../etc/passwd } }\n');
    expect(run.status).toBe('failed');
    expect(run.attempts).toEqual([]);
    expect(run.diagnostics[0]?.message).toMatch(/repository/);
  });
});

describe('a delivery', () => {
  const body = () => JSON.stringify({ event: 'push', repository: repository.fullName });
  const post = (text: string, headers: Record<string, string>) =>
    fetch(`${sluice.url}/webhooks/generic`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: text,
    });
  const sign = (text: string) =>
    `sha256=${createHmac('sha256', repository.hookSecret).update(text).digest('hex')}`;

  test('with a wrong signature is refused, and so is one of an unknown repository, with the same words', async () => {
    const wrong = await post(body(), {
      'x-sluice-delivery': 'w-1',
      'x-sluice-signature-256': `sha256=${'0'.repeat(64)}`,
    });
    const other = JSON.stringify({ event: 'push', repository: 'nobody/knows' });
    const unknown = await post(other, { 'x-sluice-delivery': 'w-2', 'x-sluice-signature-256': sign(other) });
    expect([wrong.status, unknown.status]).toEqual([401, 401]);
    expect(await wrong.json()).toEqual(await unknown.json());
  });

  test('that is replayed starts nothing twice', async () => {
    const sha = repository.commit(
      { '.sluice.yml': pipeline(`stages:\n  a: { image: '${image}', steps: [echo once] }\n`) },
      'once',
    );
    const text = JSON.stringify({
      event: 'push',
      repository: repository.fullName,
      branch: 'main',
      actor: 'ada',
      commit: { sha, message: 'once', author: 'ada' },
      changedFiles: null,
    });
    const headers = { 'x-sluice-delivery': 'replayed-1', 'x-sluice-signature-256': sign(text) };
    expect((await post(text, headers)).status).toBe(202);
    expect((await post(text, headers)).status).toBe(202);
    await endedRun(sluice.api, sha);
    const { runs } = await sluice.api.call<{ runs: { commit: { sha: string } }[] }>(
      'GET',
      '/api/runs?limit=50',
    );
    expect(runs.filter((run) => run.commit.sha === sha)).toHaveLength(1);
  });

  test('of 10 MB is refused with its limit', async () => {
    const answer = await post(JSON.stringify({ padding: 'x'.repeat(10_000_000) }), {
      'x-sluice-delivery': 'big',
    });
    expect(answer.status).toBe(413);
    expect(((await answer.json()) as { message: string }).message).toMatch(/5 MiB|MiB/);
  });
});

test('a branch that begins with "-" is refused', async () => {
  const start = sluice.api.call('POST', '/api/runs', {
    repository: repository.fullName,
    branch: '--upload-pack=touch /tmp/x',
  });
  await expect(start).rejects.toThrow(ApiError);
  await expect(start).rejects.toThrow(/branch/);
});

test('nothing of ours answers without a token', async () => {
  for (const path of ['/api/runs', '/api/secrets', '/worker/heartbeat', '/api/environments']) {
    const answer = await fetch(`${sluice.url}${path}`, {
      method: path.startsWith('/worker') ? 'POST' : 'GET',
    });
    expect({ path, status: answer.status }).toEqual({ path, status: 401 });
  }
});

describe('a stage', () => {
  test('whose Dockerfile is missing says which file and where it looked', async () => {
    const run = await pushed('stages:\n  a: { build: { file: docker/Dockerfile } }\n');
    expect(failureOf(run, 'a')).toMatchObject({
      class: 'failed',
      message: expect.stringContaining('docker/Dockerfile'),
    });
  });

  test('that pushes to an unreachable registry names it and asks whether it runs', async () => {
    const run = await pushed(
      `stages:\n  a: { build: { file: Dockerfile } }\n  b: { needs: [a], push: { of: a, to: '127.0.0.1:9/shop', tags: [x] } }\n`,
      { Dockerfile: `FROM ${image}\nCMD ["true"]\n` },
    );
    expect(failureOf(run, 'b')).toMatchObject({
      class: 'infrastructure',
      message: expect.stringContaining('127.0.0.1:9'),
    });
  });

  test('whose image does not exist is an image-pull failure', async () => {
    const run = await pushed(`stages:\n  a: { image: '127.0.0.1:9/none:1', steps: [echo x] }\n`);
    expect(failureOf(run, 'a')).toMatchObject({
      class: 'image-pull',
      message: expect.stringContaining('127.0.0.1:9/none:1'),
    });
  });

  test('that deploys to an environment nobody made says how to make it', async () => {
    const run = await pushed(
      `stages:\n  a: { build: { file: Dockerfile } }\n  b: { needs: [a], deploy: { environment: nowhere, image: a, container: { port: 1, replicas: 1, health: / }, strategy: rolling } }\n`,
      { Dockerfile: `FROM ${image}\nCMD ["true"]\n` },
    );
    expect(failureOf(run, 'b').message).toMatch(/nowhere/);
  });

  test.skipIf(registry === '')(
    'that deploys to a cluster which does not answer is refused before anything changed',
    async () => {
      await sluice.api.call('PUT', '/api/secrets/dead-cluster', { value: deadKubeconfig });
      await sluice.api.call('PUT', '/api/environments/dead', {
        kind: 'kubernetes',
        namespace: 'x',
        kubeconfigSecret: 'dead-cluster',
        prometheusUrl: null,
      });
      const run = await pushed(
        `stages:\n  a: { build: { file: Dockerfile } }\n  p: { needs: [a], push: { of: a, to: '${registry}/sluice-e2e-mistakes', tags: [x] } }\n  b: { needs: [p], deploy: { environment: dead, image: p, manifests: k8s/, strategy: rolling, deadline: 5s } }\n`,
        { Dockerfile: `FROM ${image}\nCMD ["true"]\n`, 'k8s/app.yml': deployment },
      );
      expect(failureOf(run, 'b').message).toMatch(/127\.0\.0\.1:9/);
    },
  );
});

test('after all of that nothing is left on the engine', async () => {
  const { installation } = await sluice.api.call<SessionView>('GET', '/api/session');
  const docker = new Docker();
  await eventually('an engine without containers of ours', async () => {
    const left = await docker.listContainers({ all: true, filters: { label: [`sluice=${installation}`] } });
    return left.length === 0 ? true : null;
  });
});

const pipeline = (stages: string) => `name: mistakes\non: { push: {} }\n${stages}`;

async function pushed(stages: string, files: Readonly<Record<string, string>> = {}) {
  const commit = await repository.push({ '.sluice.yml': pipeline(stages), ...files });
  return endedRun(sluice.api, commit);
}

function failureOf(run: Awaited<ReturnType<typeof endedRun>>, stage: string) {
  const state = run.state?.stages[stage];
  if (state?.status === 'failed') return state.failure;
  throw new Error(`stage ${stage} did not fail: ${JSON.stringify(state ?? run.diagnostics)}`);
}

const deadKubeconfig = `apiVersion: v1
kind: Config
clusters: [{ name: dead, cluster: { server: 'https://127.0.0.1:9' } }]
users: [{ name: nobody, user: { token: none } }]
contexts: [{ name: dead, context: { cluster: dead, user: nobody } }]
current-context: dead
`;

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: { name: app }
spec:
  replicas: 1
  selector: { matchLabels: { app: app } }
  template:
    metadata: { labels: { app: app } }
    spec: { containers: [{ name: app, image: app }] }
`;
