import { createHash } from 'node:crypto';
import { symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BuildWork } from '@sluice/pipelines/language/definition';
import { connectDocker } from '../executors/docker/docker-connection.ts';
import { runBuildStage } from './build-stage.ts';
import { pushTag } from '../push/push-tag.ts';
import { removeImage, removeOldImages } from './image-reaper.ts';
import { openTestRun, type TestRun } from './stage-context.fixture.ts';

const host = process.env['DOCKER_HOST'] ?? '';
const registry = process.env['REGISTRY'] ?? '';
const base = 'lab/busybox:1';

describe.skipIf(host === '')('the build stage (needs DOCKER_HOST)', () => {
  const docker = connectDocker(host || 'unix:///var/run/docker.sock');
  let run: TestRun;
  beforeEach(async () => {
    run = await openTestRun(docker);
  });
  afterEach(async () => {
    await run[Symbol.asyncDispose]();
    expect(await run.images()).toEqual([]);
  });

  const work = (more: Partial<BuildWork> = {}): BuildWork => ({
    kind: 'build',
    file: 'Dockerfile',
    context: '.',
    target: null,
    args: { BASE: base },
    ...more,
  });
  const build = (more: Partial<BuildWork> = {}) => runBuildStage(run.stage('image', work(more)));

  /** The files of the image that was built, as `find` in a RUN step showed them. */
  const listing = () =>
    run
      .logText()
      .match(/^#\d+ \.\/.*$/gm)
      ?.map((line) => line.replace(/^#\d+ /, '')) ?? [];

  test('builds the image with its arguments, labels and target, and shows each step', async () => {
    await run.writeFiles({
      Dockerfile: `ARG BASE\nFROM \${BASE} AS app\nARG REV\nRUN echo "revision $REV"\nFROM app AS never\nRUN exit 1\n`,
    });
    const outcome = await build({ target: 'app', args: { BASE: base, REV: run.runId } });

    expect(outcome).toMatchObject({ result: 'succeeded' });
    if (outcome.result !== 'succeeded') return;
    const image = await docker.getImage(outcome.outputs['image'] ?? '').inspect();
    expect(outcome.outputs).toEqual({
      image: expect.any(String),
      image_id: image.Id,
      size: String(image.Size),
    });
    expect(image.Config.Labels).toEqual({
      sluice: run.installation,
      'sluice.run': run.runId,
      'sluice.stage': 'image',
      'sluice.fence': '1',
      'org.opencontainers.image.created': expect.stringMatching(/^\d{4}-.*Z$/),
      'org.opencontainers.image.revision': '0123456789abcdef0123456789abcdef01234567',
      'org.opencontainers.image.source': 'https://git.example.com/team/shop.git',
    });
    expect(run.logText()).toMatch(new RegExp(`^#\\d+ \\[app 2/2\\] RUN echo "revision ${run.runId}"$`, 'm'));
    expect(run.logText()).toMatch(new RegExp(`^#\\d+ revision ${run.runId}$`, 'm'));
    expect(run.logText()).toMatch(/^#\d+ done \d+\.\ds$/m);
  });

  test('an image that is for another platform says so, and needs no emulation where nothing is run', async () => {
    await run.writeFiles({ Dockerfile: 'FROM scratch\nCOPY Dockerfile /\n' });
    const outcome = await build({ platform: 'linux/arm64' });
    if (outcome.result !== 'succeeded') throw new Error(JSON.stringify(outcome));
    const { Architecture, Os } = await docker.getImage(outcome.outputs['image'] ?? '').inspect();
    expect([Os, Architecture]).toEqual(['linux', 'arm64']);
  });

  test('a second attempt says CACHED for what was built before, and its image takes the place of the first', async () => {
    await run.writeFiles({ Dockerfile: `ARG BASE\nFROM \${BASE}\nRUN echo once\n` });
    await build();
    await build();
    expect(run.logText()).toMatch(/^#\d+ CACHED$/m);
    expect((await run.images()).length).toBe(1);
  });

  test('secrets are there for the command that mounts them, and nowhere in the image', async () => {
    const value = 'a-token-of-this-test';
    await run.writeFiles({
      Dockerfile: [
        'ARG BASE',
        'FROM ${BASE}',
        // Longer than the second after which an engine that hears nothing would give the session up.
        'RUN sleep 3',
        'RUN --mount=type=secret,id=npm-token,required=true wc -c < /run/secrets/npm-token && sha256sum /run/secrets/npm-token',
        'RUN --mount=type=secret,id=other ls /run/secrets || echo none is given unasked',
        'RUN ls /run/secrets || echo the file is gone',
      ].join('\n'),
    });
    const secrets = { 'npm-token': value, other: 'of the environment' };
    const outcome = await runBuildStage(
      run.stage('image', work({ secrets: ['npm-token'], cache: false }), { secrets }),
    );
    expect(outcome).toMatchObject({ result: 'succeeded' });
    const digest = createHash('sha256').update(value).digest('hex');
    expect(run.logText()).toMatch(new RegExp(`^#\\d+ ${value.length}$`, 'm'));
    expect(run.logText()).toContain(digest);
    expect(run.logText()).toContain('none is given unasked');
    expect(run.logText()).toContain('the file is gone');
    if (outcome.result !== 'succeeded') return;
    const image = docker.getImage(outcome.outputs['image'] ?? '');
    const told = JSON.stringify([await image.inspect(), await image.history()]);
    expect(told).not.toContain(value);
    const chunks: Buffer[] = [];
    for await (const chunk of await image.get()) chunks.push(Buffer.from(chunk));
    expect(Buffer.concat(chunks).includes(value)).toBe(false);
  });

  test('a secret that the Dockerfile requires and the stage does not name fails the build, and names it', async () => {
    await run.writeFiles({
      Dockerfile: 'ARG BASE\nFROM ${BASE}\nRUN --mount=type=secret,id=npm-token,required=true true\n',
    });
    const outcome = await build();
    expect(outcome).toMatchObject({
      result: 'failed',
      failure: { class: 'failed', message: expect.stringContaining('npm-token') },
    });
  });

  test('without the cache, every step is carried out again', async () => {
    await run.writeFiles({ Dockerfile: `ARG BASE\nFROM \${BASE}\nRUN echo again # ${run.runId}\n` });
    await build();
    await build({ cache: false });
    expect(run.logText().match(/^#\d+ again$/gm)).toHaveLength(2);
  });

  test('a failing command is a failure that names the step, its exit code and its last lines', async () => {
    await run.writeFiles({
      Dockerfile: `ARG BASE\nFROM \${BASE}\nRUN echo "what went wrong ${run.runId}" && exit 3\n`,
    });
    const outcome = await build();
    expect(outcome).toMatchObject({ result: 'failed', failure: { class: 'failed', exitCode: 3 } });
    const message = outcome.result === 'failed' ? outcome.failure.message : '';
    expect(message).toContain('Dockerfile: the step [2/2] RUN echo');
    expect(message).toContain('ended with exit code 3');
    expect(message).toContain(`  what went wrong ${run.runId}`);
    expect(await run.images()).toEqual([]);
  });

  test('a base image that cannot be pulled is the failure class image-pull', async () => {
    await run.writeFiles({ Dockerfile: 'ARG BASE\nFROM ${BASE}\n' });
    const outcome = await build({ args: { BASE: '127.0.0.1:1/nothing:1' } });
    expect(outcome).toMatchObject({ result: 'failed', failure: { class: 'image-pull' } });
    expect(outcome).toHaveProperty(
      'failure.message',
      expect.stringContaining('base image 127.0.0.1:1/nothing:1'),
    );
  });

  test.for([
    ['an instruction that does not exist', 'FROM lab/busybox:1\nRUMP echo\n', {}, 'RUMP'],
    ['a target that does not exist', 'FROM lab/busybox:1\n', { target: 'prod' }, 'no stage named prod'],
  ] as const)('%s is a failure that says so', async ([, dockerfile, more, words]) => {
    await run.writeFiles({ Dockerfile: dockerfile });
    expect(await build(more)).toMatchObject({
      result: 'failed',
      failure: { class: 'failed', message: expect.stringContaining(words) },
    });
  });

  test.for([
    [{ file: 'deploy/Dockerfile' }, 'no Dockerfile "deploy/Dockerfile"'],
    [{ context: 'app' }, 'build context "app" does not exist'],
    [{ context: '..' }, 'leaves the repository'],
    [{ context: '/etc' }, 'leaves the repository'],
    [{ file: '../Dockerfile' }, 'leaves the repository'],
    [{ file: 'link' }, 'leaves the repository'],
    [{ context: 'outside' }, 'leaves the repository'],
    [{ context: 'Dockerfile' }, 'is a file'],
    [{ args: { BASE: base, TOKEN: 'Bearer s3cr3t-value' } }, 'holds the secret "npm-token"'],
  ] as const)('%o is refused with what to do about it', async ([more, words]) => {
    await run.writeFiles({ Dockerfile: `FROM ${base}\n` });
    await symlink('/etc/passwd', join(run.workspace, 'link'));
    await symlink(tmpdir(), join(run.workspace, 'outside'));
    const outcome = await runBuildStage(
      run.stage('image', work(more), { secrets: { 'npm-token': 's3cr3t-value', short: 'x' } }),
    );
    expect(outcome).toMatchObject({
      result: 'failed',
      failure: { class: 'failed', message: expect.stringContaining(words) },
    });
  });

  test('sends what .dockerignore leaves, and the Dockerfile even where it is ignored', async () => {
    await run.writeFiles({
      Dockerfile: `FROM ${base}\nCOPY . /c/\nRUN cd /c && find . -type f | sort\n`,
      '.dockerignore': 'node_modules\nlogs\n!logs/keep.txt\nDockerfile\n*.md\n!README.md\n',
      'node_modules/a/index.js': 'a',
      'logs/all.txt': 'a',
      'logs/keep.txt': 'a',
      'NOTES.md': 'a',
      'README.md': 'a',
      'src/deep/main.js': run.runId,
    });
    expect(await build()).toMatchObject({ result: 'succeeded' });
    expect(listing()).toEqual([
      './.dockerignore',
      './Dockerfile',
      './README.md',
      './logs/keep.txt',
      './src/deep/main.js',
    ]);
  });

  test('a Dockerfile outside its context is built, and its own ignore file goes first', async () => {
    await run.writeFiles({
      'docker/app.Dockerfile': `FROM ${base}\nCOPY a /c/\nRUN cat /c/a; if [ -e /c/b ]; then exit 1; fi\n`,
      'docker/app.Dockerfile.dockerignore': 'b\n',
      'app/.dockerignore': 'a\n',
      'app/a': `content ${run.runId}`,
      'app/b': 'b',
    });
    expect(await build({ file: 'docker/app.Dockerfile', context: 'app' })).toMatchObject({
      result: 'succeeded',
    });
    expect(run.logText()).toMatch(new RegExp(`^#\\d+ content ${run.runId}$`, 'm'));
  });

  test('a link that leaves the context is sent as a link and brings nothing of the host', async () => {
    await run.writeFiles({ Dockerfile: `FROM ${base}\nCOPY . /c/\nRUN test -L /c/out && ! cat /c/out\n` });
    const outside = join(run.workspace, '..', 'host-secret');
    await writeFile(outside, 'of the host');
    await symlink(outside, join(run.workspace, 'out'));
    expect(await build()).toMatchObject({ result: 'succeeded' });
    expect(run.logText()).not.toContain('of the host');
  });

  test.skipIf(registry === '')(
    'a base of a registry with credentials is fetched first (needs REGISTRY)',
    async () => {
      await run.writeFiles({ Dockerfile: `ARG BASE\nFROM \${BASE}\nRUN echo ${run.runId}\n` });
      const name = `${registry}/sluice-test/base-${run.runId}`;
      const pushed = await pushTag(docker, {
        image: base,
        repository: name,
        tag: '1',
        credentials: null,
        signal: new AbortController().signal,
        onMessage: () => Promise.resolve(),
      });
      expect(pushed.ok).toBe(true);
      const registryCredentials = [{ host: registry, username: 'someone', password: 'a password' }];
      const outcome = await runBuildStage(
        run.stage('image', work({ args: { BASE: `${name}:1` } }), { registryCredentials }),
      );
      await removeImage(docker, `${name}:1`);
      expect(outcome).toMatchObject({ result: 'succeeded' });
      expect(run.logText()).toContain(`pulling ${name}:1`);
      const absent = await runBuildStage(
        run.stage('image', work({ args: { BASE: `${name}:2` } }), { registryCredentials }),
      );
      expect(absent).toMatchObject({ result: 'failed', failure: { class: 'image-pull' } });
    },
  );

  test('a cancel in the middle of a step ends the build and leaves nothing', async () => {
    await run.writeFiles({ Dockerfile: `FROM ${base}\nRUN echo started ${run.runId} && sleep 300\n` });
    const controller = new AbortController();
    const context = run.stage('image', work(), { signal: controller.signal });
    const write: typeof context.log.write = (stream, chunk) => {
      context.log.write(stream, chunk);
      if (/^#\d+ started/m.test(Buffer.from(chunk).toString())) {
        controller.abort({ kind: 'cancelled', reason: 'a person asked for it' });
      }
    };
    const outcome = await runBuildStage({ ...context, log: { ...context.log, write } });
    expect(outcome).toEqual({ result: 'cancelled', reason: 'a person asked for it' });
    expect(await run.images()).toEqual([]);
  });

  test('old images are removed, young ones stay, also those whose layers are old', async () => {
    await run.writeFiles({ Dockerfile: `FROM ${base}\n` });
    await build();
    expect(await removeOldImages(docker, `sluice=${run.installation}`, 60_000, Date.now())).toBe(0);
    expect(
      await removeOldImages(docker, `sluice=${run.installation}`, 3_600_000, Date.now() + 2 * 3_600_000),
    ).toBe(1);
    expect(await run.images()).toEqual([]);
  });
});
