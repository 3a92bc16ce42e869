import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PushWork } from '@sluice/pipelines/language/definition';
import type { ImageOrigin } from '@sluice/pipelines/protocol/worker-api';
import { z } from 'zod';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runBuildStage } from '../build/build-stage.ts';
import { openTestRun, type TestRun } from '../build/stage-context.fixture.ts';
import { connectDocker } from '../executors/docker/docker-connection.ts';
import { imageIndexType, imageManifestType } from '../registry/oci.ts';
import { runPushStage } from './push-stage.ts';

const descriptor = z.object({
  digest: z.string(),
  annotations: z.record(z.string(), z.string()).optional(),
});
const ociManifest = z.object({
  layers: z.array(descriptor).default([]),
  manifests: z.array(descriptor).default([]),
  subject: descriptor.optional(),
});
type OciManifest = z.infer<typeof ociManifest>;
const dsse = z.object({
  payloadType: z.string(),
  payload: z.string(),
  signatures: z.array(z.object({ sig: z.string() })),
});

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

  const origin: ImageOrigin = {
    repository: 'team/shop',
    ref: 'refs/heads/main',
    event: 'push',
    file: '.sluice.yml',
    pipeline: 'shop',
    stage: 'image',
    build: { file: 'Dockerfile', context: '.', target: null, args: { REV: '1' }, platform: null },
    startedAt: 0,
    finishedAt: 1_000,
  };
  const blob = async (path: string, digest: string): Promise<Buffer> =>
    Buffer.from(await (await fetch(`http://${registry}/v2/${path}/blobs/${digest}`)).arrayBuffer());
  const manifestAt = async (path: string, reference: string): Promise<OciManifest> => {
    const headers = { accept: `${imageManifestType}, ${imageIndexType}` };
    const answer = await fetch(`http://${registry}/v2/${path}/manifests/${reference}`, { headers });
    return ociManifest.parse(await answer.json());
  };

  test('a signed image and its provenance are accepted by another program than ours, in every registry it goes to', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-sign-'));
    const openssl = (...args: string[]): string =>
      execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
    const accepts = async (bytes: Uint8Array, signature: string): Promise<string> => {
      await writeFile(join(folder, 'bytes'), bytes);
      await writeFile(join(folder, 'signature'), Buffer.from(signature, 'base64'));
      return openssl('dgst', '-sha256', '-verify', 'public.pem', '-signature', 'signature', 'bytes').trim();
    };
    openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', 'key.pem');
    openssl('pkey', '-in', 'key.pem', '-pubout', '-out', 'public.pem');
    const secrets = { signing: await readFile(join(folder, 'key.pem'), 'utf8') };
    const work: PushWork = {
      kind: 'push',
      of: 'image',
      to: repository,
      tags: ['v1'],
      replicate: [`${repository}-copy`],
      sign: 'signing',
      provenance: true,
    };
    const carryOut = () => {
      const context = run.stage('push', work, { outputs, secrets });
      return runPushStage({ ...context, claim: { ...context.claim, provenance: origin } });
    };
    const outcome = await carryOut();
    // Once more adds no second signature of the same key.
    expect(await carryOut()).toEqual(outcome);
    if (outcome.result !== 'succeeded') throw new Error(JSON.stringify(outcome));
    const { digest = '' } = outcome.outputs;
    expect(outcome.outputs['replicas']).toBe(`${repository}-copy@${digest}`);
    for (const name of [repository, `${repository}-copy`]) {
      const path = name.slice(registry.length + 1);
      const signed = await manifestAt(path, `${digest.replace(':', '-')}.sig`);
      expect(signed.layers).toHaveLength(1);
      const [layer] = signed.layers;
      const payload = await blob(path, layer?.digest ?? '');
      expect(JSON.parse(payload.toString())).toMatchObject({
        critical: {
          identity: { 'docker-reference': name },
          image: { 'docker-manifest-digest': digest },
          type: 'cosign container image signature',
        },
      });
      const signature = layer?.annotations?.['dev.cosignproject.cosign/signature'] ?? '';
      expect(await accepts(payload, signature)).toBe('Verified OK');

      const attached = await manifestAt(path, `${digest.replace(':', '-')}.att`);
      expect(attached.subject?.digest).toBe(digest);
      const [statementLayer] = attached.layers;
      const envelope = dsse.parse(JSON.parse((await blob(path, statementLayer?.digest ?? '')).toString()));
      const statement = Buffer.from(envelope.payload, 'base64');
      const type = envelope.payloadType;
      const signedBytes = Buffer.concat([
        Buffer.from(`DSSEv1 ${type.length} ${type} ${statement.byteLength} `),
        statement,
      ]);
      expect(await accepts(signedBytes, envelope.signatures[0]?.sig ?? '')).toBe('Verified OK');
      expect(JSON.parse(statement.toString())).toMatchObject({
        _type: 'https://in-toto.io/Statement/v1',
        subject: [{ name, digest: { sha256: digest.slice('sha256:'.length) } }],
        predicateType: 'https://slsa.dev/provenance/v1',
        predicate: { buildDefinition: { externalParameters: { build: { args: { REV: '1' } } } } },
      });
      const referrers = await manifestAt(path, digest.replace(':', '-'));
      expect(referrers.manifests.length).toBeGreaterThan(0);
      expect(JSON.stringify([signed, attached, statement.toString()])).not.toMatch(/password|PRIVATE/);
    }
    await rm(folder, { recursive: true });
  });

  test('a key that cannot sign is said before anything is pushed', async () => {
    const context = run.stage(
      'push',
      { kind: 'push', of: 'image', to: repository, tags: ['v1'], sign: 'signing' },
      { outputs, secrets: { signing: '-----BEGIN ENCRYPTED PRIVATE KEY-----' } },
    );
    expect(await runPushStage(context)).toMatchObject({
      failure: { class: 'failed', message: expect.stringContaining('is protected by a passphrase') },
    });
  });

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
