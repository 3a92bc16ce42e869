import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runBuildStage } from '../build/build-stage.ts';
import { openTestRun, type TestRun } from '../build/stage-context.fixture.ts';
import { connectDocker } from '../executors/docker/docker-connection.ts';
import { runPushStage } from './push-stage.ts';

const host = process.env['DOCKER_HOST'] ?? '';
const registry = process.env['REGISTRY'] ?? '';

describe.skipIf(host === '' || registry === '')('the push stage (needs DOCKER_HOST and REGISTRY)', () => {
  const docker = connectDocker(host || 'unix:///var/run/docker.sock');
  let run: TestRun;
  let outputs: Readonly<Record<string, Readonly<Record<string, string>>>>;
  let repository: string;
  beforeEach(async () => {
    run = await openTestRun(docker);
    repository = `${registry}/sluice-test/${randomUUID()}`;
    await run.writeFiles({ Dockerfile: `FROM lab/busybox:1\nRUN echo ${run.runId} > /run-id\n` });
    const built = await runBuildStage(
      run.stage('image', { kind: 'build', file: 'Dockerfile', context: '.', target: null, args: {} }),
    );
    outputs = { image: built.result === 'succeeded' ? built.outputs : {} };
  });
  afterEach(async () => {
    await run[Symbol.asyncDispose]();
    expect(await run.images()).toEqual([]);
  });

  const push = (to: string, tags: readonly string[], more: Parameters<TestRun['stage']>[2] = {}) =>
    runPushStage(run.stage('push', { kind: 'push', of: 'image', to, tags }, { outputs, ...more }));

  test('every tag is in the registry with the digest that the stage puts out', async () => {
    const outcome = await push(repository, ['abc1234', 'latest']);
    expect(outcome.result).toBe('succeeded');
    if (outcome.result !== 'succeeded') return;
    const { digest = '', image, tags } = outcome.outputs;
    expect(image).toBe(`${repository}@${digest}`);
    expect(tags).toBe('abc1234,latest');
    const path = repository.slice(registry.length + 1);
    for (const tag of ['abc1234', 'latest', digest]) {
      const answer = await fetch(`http://${registry}/v2/${path}/manifests/${tag}`, {
        method: 'HEAD',
        headers: { accept: 'application/vnd.docker.distribution.manifest.v2+json' },
      });
      expect(answer.headers.get('docker-content-digest')).toBe(digest);
    }
    expect(run.logText()).toContain(
      `${repository}:latest is ${digest}, asked back from the registry by this worker`,
    );
    expect(run.logText()).toMatch(/^[0-9a-f]{12}: (pushed|layer already exists)/m);
  });

  test('afterwards only the name that the build gave is left on the engine', async () => {
    await push(repository, ['v1']);
    expect(await run.images()).toEqual([outputs['image']?.['image']]);
  });

  test('two pushes of one tag at the same time each end with a digest that was in the registry', async () => {
    const outcomes = await Promise.all([push(repository, ['latest']), push(repository, ['latest'])]);
    expect(outcomes.map((outcome) => outcome.result)).toEqual(['succeeded', 'succeeded']);
  });

  test('a registry that does not answer is an infrastructure failure that says so', async () => {
    expect(await push('127.0.0.1:1/shop', ['v1'])).toMatchObject({
      result: 'failed',
      failure: {
        class: 'infrastructure',
        message: expect.stringContaining(
          'registry 127.0.0.1:1 does not answer (ECONNREFUSED): is it running?',
        ),
      },
    });
    expect(await run.images()).toEqual([outputs['image']?.['image']]);
  });

  test.for([[[]], [[{ username: 'someone', password: 'wrong' }]]] as const)(
    'a registry that wants other credentials than %o is a failure that says how to store them',
    async ([credentials]) => {
      const closed = createServer((_request, response) => {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="closed"' }).end();
      });
      closed.listen(0, '127.0.0.1');
      await once(closed, 'listening');
      const address = closed.address();
      const closedHost = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
      const outcome = await push(`${closedHost}/shop`, ['v1'], {
        registryCredentials: credentials.map((known) => ({ ...known, host: closedHost })),
      });
      closed.close();
      expect(outcome).toMatchObject({
        result: 'failed',
        failure: { class: 'failed', message: expect.stringContaining(`registry credentials`) },
      });
      expect(outcome).toHaveProperty('failure.message', expect.stringContaining(closedHost));
    },
  );

  test('an image that is not on this engine is a failure that says what to do', async () => {
    const gone = {
      image: { image: `sluice/${run.installation}/gone:image`, image_id: `sha256:${'0'.repeat(64)}` },
    };
    expect(await push(repository, ['v1'], { outputs: gone })).toMatchObject({
      result: 'failed',
      failure: { class: 'failed', message: expect.stringContaining('not on this worker') },
    });
  });

  test.for([
    ['Registry.example.com/Shop', ['v1'], 'is no image repository'],
    ['registry.example.com/shop:v1', ['v1'], 'without a tag'],
    ['registry.example.com/shop', ['feature/x'], '"feature/x" is no image tag'],
  ] as const)('%s with tags %o is refused before anything is sent', async ([to, tags, words]) => {
    expect(await push(to, tags)).toMatchObject({
      result: 'failed',
      failure: { class: 'failed', message: expect.stringContaining(words) },
    });
  });

  test('a cancelled push leaves no tag', async () => {
    const controller = new AbortController();
    const context = run.stage(
      'push',
      { kind: 'push', of: 'image', to: repository, tags: ['v1'] },
      { outputs, signal: controller.signal },
    );
    const say = (): void => controller.abort({ kind: 'cancelled', reason: 'enough' });
    const outcome = await runPushStage({ ...context, log: { ...context.log, say } });
    expect(outcome).toEqual({ result: 'cancelled', reason: 'enough' });
    expect(await run.images()).toEqual([outputs['image']?.['image']]);
  });
});
