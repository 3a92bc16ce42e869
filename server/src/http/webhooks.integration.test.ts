import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { claimDelivery } from '../store/delivery-store.ts';
import { runView } from '../views/run-view.ts';
import { sign } from '../webhooks/signature.ts';
import { openTestApp, type TestApp } from './test-app.ts';

const hookSecret = 'a hook secret of good length';
const pipeline = `name: ci
on:
  push: {}
  manual: {}
stages:
  test:
    image: busybox
    steps:
      - run: echo hello
`;

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
});
afterAll(() => app.close());

describe('what is let in', () => {
  let name: string;
  beforeAll(async () => {
    name = await aRepository('github');
  });

  test('a wrong signature, a missing one and an unknown repository get the very same answer', async () => {
    const body = githubPush(name, 'a'.repeat(40));
    const refused = [
      await deliver('github', body, {
        'x-hub-signature-256': sign('another secret entirely', Buffer.from(body)),
      }),
      await deliver('github', body, { 'x-hub-signature-256': '' }),
      await deliver('github', githubPush('acme/unknown', 'a'.repeat(40))),
      await deliver('github', JSON.stringify({ zen: 'no repository' })),
      await deliver('generic', genericPush(name, 'a'.repeat(40))),
    ];
    const [first] = refused;
    expect(first).toMatchObject({ status: 401, body: { reason: 'signature-refused' } });
    for (const answer of refused) expect(answer).toEqual(first);
  });

  test('a body above 5 MiB is refused and says so', async () => {
    const answer = await deliver('github', JSON.stringify({ padding: 'x'.repeat(10_000_000) }));
    expect(answer).toMatchObject({
      status: 413,
      body: { reason: 'body-too-large', message: expect.stringContaining('5 MiB') },
    });
  });

  test('a small body that unpacks to more than 5 MiB is refused too', async () => {
    const { gzipSync } = await import('node:zlib');
    const answer = await fetch(`${app.url}/webhooks/github`, {
      method: 'POST',
      headers: { 'content-encoding': 'gzip', 'x-github-delivery': randomUUID() },
      body: gzipSync(Buffer.alloc(50_000_000)),
    });
    expect(answer.status).toBe(413);
  });

  test('what is no JSON, or names no delivery, is told what to mend', async () => {
    expect(await deliver('github', 'payload')).toMatchObject({
      status: 400,
      body: { reason: 'bad-delivery' },
    });
    const headers = { 'x-github-delivery': '../../etc' };
    expect(await deliver('github', githubPush(name, 'a'.repeat(40)), headers)).toMatchObject({ status: 400 });
  });

  test('a replayed delivery is answered and not worked again', async () => {
    const headers = { 'x-github-delivery': randomUUID(), 'x-github-event': 'ping' };
    const body = githubPush(name, 'b'.repeat(40));
    expect(await deliver('github', body, headers)).toMatchObject({
      status: 202,
      body: { id: expect.any(String) },
    });
    expect(await deliver('github', body, headers)).toEqual({ status: 202, body: { duplicate: true } });
    const stored = await app.context.db
      .selectFrom('deliveries')
      .selectAll()
      .where('delivery_id', '=', headers['x-github-delivery'])
      .execute();
    expect(stored).toHaveLength(1);
    expect(JSON.stringify(stored)).not.toContain('sha256=');
  });

  test('a form with the payload in a field is read as GitHub sends it', async () => {
    const body = `payload=${encodeURIComponent(githubPush(name, 'c'.repeat(40)))}`;
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'x-github-event': 'ping' };
    expect(await deliver('github', body, headers)).toMatchObject({ status: 202 });
  });
});

describe('what becomes of a delivery', () => {
  beforeAll(async () => {
    const name = await aRepository('generic');
    await deliver('generic', JSON.stringify({ event: 'ping', repository: name }));
    app.startDeliveries();
  });

  test('one that was stored by a server that died is found by the next one', async () => {
    const stored = await app.context.db.selectFrom('deliveries').select('id').execute();
    expect(stored.length).toBeGreaterThan(0);
    await expect
      .poll(async () => (await deliveries()).filter(({ status }) => status === 'received').length)
      .toBe(0);
  });

  test('one that a server had in hand when it died is due again when its lease ends, and only then', async () => {
    const name = await aRepository('generic');
    const [worker, now] = [app.startDeliveries(), Date.now()];
    await worker.close();
    const { db } = app.context;
    const far = now + 10 ** 9;
    const id = randomUUID();
    const { id: repository_id } = await db
      .selectFrom('repositories')
      .select('id')
      .where('full_name', '=', name)
      .executeTakeFirstOrThrow();
    await db
      .insertInto('deliveries')
      .values({
        id,
        provider: 'generic',
        delivery_id: id,
        repository_id,
        event: 'ping',
        headers: '{}',
        body: '{}',
        received_at: now,
        status: 'received',
        due_at: far,
        reasons: '[]',
      })
      .execute();
    expect(await claimDelivery(db, far, far + 30_000)).toMatchObject({ id, tries: 1 });
    expect(await claimDelivery(db, far + 29_999, far + 60_000)).toBeNull();
    expect(await claimDelivery(db, far + 30_000, far + 60_000)).toMatchObject({ id, tries: 2 });
    await db.deleteFrom('deliveries').where('id', '=', id).execute();
  });

  test('a push starts a run of its branch and commit', async () => {
    const name = await aRepository('github');
    const commit = app.commit(name.slice(5), pipeline);
    const id = await accepted('github', githubPush(name, commit), { 'x-github-event': 'push' });
    expect(await settled(id)).toMatchObject({
      status: 'started',
      reason: null,
      runIds: [expect.any(String)],
    });
  });

  test('a generic push starts a run, and a replay of it another', async () => {
    const name = await aRepository('generic');
    const commit = app.commit(name.slice(5), pipeline);
    const id = await accepted('generic', genericPush(name, commit));
    const first = await settled(id);
    expect(first).toMatchObject({ status: 'started' });
    const again = await app.call('POST', `/api/deliveries/${id}/replay`);
    expect(again.status).toBe(202);
    const second = await settled((again.body as { id: string }).id);
    expect(second).toMatchObject({ status: 'started' });
    expect(second?.runIds).not.toEqual(first?.runIds);
  });

  test('a push starts every pipeline that it matches, each once, with the stages that it includes', async () => {
    const name = await aRepository('generic');
    const stages = pipeline.slice(pipeline.indexOf('stages:'));
    const commit = app.commit(name.slice(5), pipeline, {
      '.sluice/nightly.yml': `on: { push: {}, manual: {} }\ninclude: ../ci/*.yml\n`,
      '.sluice/release.yml': `on: { tag: v* }\n${stages}`,
      'ci/stages.yml': stages.replace('test:', 'nightly-test:'),
    });
    const id = await accepted('generic', genericPush(name, commit));
    const started = await settled(id);
    expect(started).toMatchObject({
      status: 'started',
      reason: '.sluice/release.yml: A push does not start this pipeline: on.push is not in the file.',
    });
    const runs = await app.context.db
      .selectFrom('runs')
      .select(['id', 'pipeline', 'plan'])
      .where('delivery_id', '=', id)
      .orderBy('number')
      .execute();
    expect(runs.map((run) => run.id)).toEqual(started?.runIds);
    expect(
      runs.map((run) => [run.pipeline, run.plan?.file, run.plan?.stages.map((each) => each.id)]),
    ).toEqual([
      ['ci', '.sluice.yml', ['test']],
      ['nightly', '.sluice/nightly.yml', ['nightly-test']],
    ]);
    // As after a crash before the delivery was settled.
    await app.context.db
      .updateTable('deliveries')
      .set({ status: 'received', due_at: 0 })
      .where('id', '=', id)
      .execute();
    expect((await settled(id))?.runIds).toEqual(started?.runIds);
  });

  test('a broken pipeline file is a run that shows what is wrong', async () => {
    const name = await aRepository('generic');
    const commit = app.commit(name.slice(5), 'name: ci\nstages:\n  test: [');
    expect(await settled(await accepted('generic', genericPush(name, commit)))).toMatchObject({
      status: 'started',
    });
  });

  test('what starts nothing says why', async () => {
    const name = await aRepository('generic');
    const without = app.commit(name.slice(5), null);
    expect(await settled(await accepted('generic', genericPush(name, without)))).toMatchObject({
      status: 'ignored',
      reason: expect.stringContaining('.sluice.yml'),
    });
    const filtered = app.commit(name.slice(5), pipeline.replace('push: {}', 'push: { branches: [release] }'));
    expect(await settled(await accepted('generic', genericPush(name, filtered)))).toMatchObject({
      status: 'ignored',
      reason: expect.stringMatching(/\w/),
    });
    expect(await settled(await accepted('generic', genericPush(name, 'd'.repeat(40))))).toMatchObject({
      status: 'failed',
      reason: expect.stringContaining('does not have this commit'),
    });
  });

  test('a pull request from a fork runs nothing', async () => {
    const name = await aRepository('github');
    const commit = app.commit(name.slice(5), pipeline);
    const body = JSON.stringify({
      action: 'opened',
      number: 1,
      repository: { full_name: name },
      sender: { login: 'eve' },
      pull_request: {
        title: 'Gift',
        user: { login: 'eve' },
        head: { ref: 'main', sha: commit, repo: { full_name: 'eve/shop' } },
        base: { ref: 'main' },
      },
    });
    const id = await accepted('github', body, { 'x-github-event': 'pull_request' });
    expect(await settled(id)).toMatchObject({ status: 'ignored', reason: expect.stringContaining('fork') });
  });
});

describe('a run by hand', () => {
  test('starts at the head of the branch, or at a commit on it', async () => {
    const name = await aRepository('generic');
    const first = app.commit(name.slice(5), pipeline);
    app.commit(name.slice(5), `${pipeline}# changed\n`);
    for (const commit of [undefined, first, first.slice(0, 9)]) {
      const answer = await app.call('POST', '/api/runs', { repository: name, branch: 'main', commit });
      expect(answer).toMatchObject({ status: 201, body: { runId: expect.any(String) } });
    }
  });

  test('keeps the warnings of its file', async () => {
    const name = await aRepository('generic');
    app.commit(name.slice(5), pipeline);
    const { body } = await app.call('POST', '/api/runs', { repository: name, branch: 'main' });
    const { runId } = z.object({ runId: z.string() }).parse(body);
    expect((await runView(app.context.db, runId))?.diagnostics).toMatchObject([
      { severity: 'warning', code: 'floating-image', section: 'floating-image' },
    ]);
  });

  const asking = pipeline.replace(
    'manual: {}',
    'manual: { inputs: { level: { type: choice, options: [debug, info], default: info }, rounds: { type: number } } }',
  );

  test('what can be started is told beforehand, of every pipeline at a commit', async () => {
    const name = await aRepository('generic');
    const first = app.commit(name.slice(5), asking, {
      '.sluice/broken.yml': 'on: manual\n',
      '.sluice/release.yml': pipeline.replace('name: ci', '').replace('manual: {}', 'tag: v*'),
    });
    const newest = app.commit(name.slice(5), pipeline);
    const starts = (more: string) =>
      app.call('GET', `/api/manual-starts?repository=${encodeURIComponent(name)}&branch=main${more}`);
    expect(await starts(`&commit=${first}`)).toMatchObject({
      status: 200,
      body: {
        commit: { sha: first },
        environments: [],
        pipelines: [
          {
            kind: 'startable',
            file: '.sluice.yml',
            pipeline: 'ci',
            inputs: [
              {
                name: 'level',
                type: 'choice',
                options: ['debug', 'info'],
                default: 'info',
                isRequired: false,
              },
              { name: 'rounds', type: 'number', default: null, isRequired: true },
            ],
          },
          { kind: 'broken', file: '.sluice/broken.yml', diagnostics: [{ code: 'missing-key' }] },
          { kind: 'not-by-hand', file: '.sluice/release.yml', pipeline: 'release' },
        ],
      },
    });
    expect(await starts('')).toMatchObject({
      body: { commit: { sha: newest }, pipelines: [{ pipeline: 'ci', inputs: [] }, {}, {}] },
    });
    expect(await starts('&commit=x')).toMatchObject({ status: 400, body: { reason: 'bad-query' } });
    const nowhere = '/api/manual-starts?repository=acme/nowhere&branch=main';
    expect(await app.call('GET', nowhere)).toMatchObject({ status: 404 });
    expect(await app.call('GET', nowhere, undefined, {})).toMatchObject({ status: 401 });
  });

  test('a pipeline that tells a channel which nobody has made is broken, and says where', async () => {
    const name = await aRepository('generic');
    app.commit(name.slice(5), `${pipeline}notify: [slack/releases]\n`);
    const start = () => app.call('POST', '/api/runs', { repository: name, branch: 'main' });
    expect(await start()).toMatchObject({
      status: 422,
      body: {
        reason: 'pipeline-broken',
        diagnostics: expect.arrayContaining([
          expect.objectContaining({
            code: 'unknown-channel',
            line: 10,
            sourceLine: 'notify: [slack/releases]',
          }),
        ]),
      },
    });
    const channel = { kind: 'slack', url: 'https://hooks.slack.com/x' };
    expect(await app.call('PUT', '/api/notifications/releases', channel)).toMatchObject({ status: 204 });
    expect(await start()).toMatchObject({ status: 201 });
  });

  test('inputs that are not as the pipeline asks for them are refused one by one', async () => {
    const name = await aRepository('generic');
    app.commit(name.slice(5), asking);
    const inputs = { lvel: 'debug', level: 'loud' };
    expect(await app.call('POST', '/api/runs', { repository: name, branch: 'main', inputs })).toMatchObject({
      status: 422,
      body: {
        reason: 'inputs-refused',
        inputs: [
          { input: 'lvel', reason: 'unknown', message: 'there is no input "lvel". Did you mean "level"?' },
          {
            input: 'level',
            reason: 'wrong',
            message: 'input "level" must be one of debug, info, not "loud"',
          },
          { input: 'rounds', reason: 'missing' },
        ],
      },
    });
  });

  test('is refused with the diagnostics of a broken file', async () => {
    const name = await aRepository('generic');
    app.commit(name.slice(5), pipeline.replace('steps:', 'stepz:'));
    expect(await app.call('POST', '/api/runs', { repository: name, branch: 'main' })).toMatchObject({
      status: 422,
      body: {
        reason: 'pipeline-broken',
        diagnostics: expect.arrayContaining([
          expect.objectContaining({ file: '.sluice.yml', code: 'unknown-key' }),
        ]),
      },
    });
  });

  test('of several pipelines, the one that is meant must be named', async () => {
    const name = await aRepository('generic');
    app.commit(name.slice(5), pipeline, {
      '.sluice/nightly.yml': pipeline.replace('ci', 'nightly'),
      '.sluice/release.yml': pipeline.replace('name: ci', '').replace('manual: {}', 'tag: v*'),
    });
    const start = (wanted: object) =>
      app.call('POST', '/api/runs', { repository: name, branch: 'main', ...wanted });
    expect(await start({})).toMatchObject({
      status: 422,
      body: {
        reason: 'several-pipelines',
        message: 'Say which pipeline is meant, by its name: ci, nightly.',
      },
    });
    expect(await start({ pipeline: 'other' })).toMatchObject({
      body: { reason: 'no-such-pipeline', message: expect.stringContaining('It has ci, nightly, release.') },
    });
    expect(await start({ pipeline: 'release' })).toMatchObject({ body: { reason: 'not-started' } });
    for (const wanted of ['nightly', '.sluice/nightly.yml']) {
      const answer = await start({ pipeline: wanted });
      expect(answer).toMatchObject({ status: 201 });
      const { runId } = answer.body as { runId: string };
      const again = await app.call('POST', `/api/runs/${runId}/rerun`, { what: 'all', plan: 'current' });
      // It knows which pipeline is meant, and only waits for the run's end.
      expect(again).toMatchObject({ status: 409, body: { reason: 'run-not-ended' } });
    }
  });

  test.each([
    ['an unknown repository', { repository: 'acme/nowhere', branch: 'main' }, 404, 'no-such-repository'],
    ['a branch that is an option', { branch: '--upload-pack=x' }, 422, 'bad-ref'],
    ['a branch that climbs', { branch: '../../etc/passwd' }, 422, 'bad-ref'],
    ['a branch that is not there', { branch: 'nowhere' }, 422, 'branch-missing'],
    ['a commit that is not there', { branch: 'main', commit: 'd'.repeat(40) }, 422, 'commit-missing'],
    ['an input that is not asked for', { branch: 'main', inputs: { colour: 'red' } }, 422, 'inputs-refused'],
  ])('%s is refused with what to do', async (_, wanted, status, reason) => {
    const name = await aRepository('generic');
    app.commit(name.slice(5), pipeline);
    expect(await app.call('POST', '/api/runs', { repository: name, ...wanted })).toMatchObject({
      status,
      body: { reason, message: expect.stringMatching(/\w/) },
    });
  });
});

test('a repository outside the allowed folders cannot be added', async () => {
  const config = { fullName: 'acme/etc', provider: 'generic', cloneUrl: 'file:///etc', hookSecret };
  expect(await app.call('PUT', '/api/repositories', config)).toMatchObject({
    status: 422,
    body: { reason: 'clone-url-refused', message: expect.stringContaining('SLUICE_FILE_REPOSITORIES') },
  });
});

async function aRepository(provider: 'github' | 'generic'): Promise<string> {
  const short = `shop-${randomUUID().slice(0, 8)}`;
  app.commit(short, null);
  const config = { fullName: `acme/${short}`, provider, cloneUrl: app.cloneUrl(short), hookSecret };
  expect(await app.call('PUT', '/api/repositories', config)).toMatchObject({ status: 200 });
  return config.fullName;
}

async function deliver(provider: 'github' | 'generic', body: string, headers: Record<string, string> = {}) {
  const signature = sign(hookSecret, Buffer.from(body));
  const answer = await fetch(`${app.url}/webhooks/${provider}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(provider === 'github'
        ? { 'x-github-delivery': randomUUID(), 'x-github-event': 'push', 'x-hub-signature-256': signature }
        : { 'x-sluice-delivery': randomUUID(), 'x-sluice-signature-256': signature }),
      ...headers,
    },
    body,
  });
  return { status: answer.status, body: (await answer.json()) as unknown };
}

async function accepted(provider: 'github' | 'generic', body: string, headers: Record<string, string> = {}) {
  const answer = await deliver(provider, body, headers);
  expect(answer.status).toBe(202);
  return (answer.body as { id: string }).id;
}

interface Listed {
  readonly id: string;
  readonly status: string;
  readonly reason: string | null;
  readonly runIds: readonly string[];
}

async function deliveries(): Promise<readonly Listed[]> {
  const { body } = await app.call('GET', '/api/deliveries?limit=200');
  return (body as { deliveries: readonly Listed[] }).deliveries;
}

async function settled(id: string): Promise<Listed | undefined> {
  const find = async () => (await deliveries()).find((delivery) => delivery.id === id);
  await expect.poll(async () => (await find())?.status).not.toBe('received');
  return find();
}

const githubPush = (name: string, commit: string): string =>
  JSON.stringify({
    ref: 'refs/heads/main',
    after: commit,
    repository: { full_name: name },
    pusher: { name: 'ada' },
    head_commit: { id: commit, message: 'Change', author: { name: 'Ada' } },
    commits: [],
  });

const genericPush = (name: string, commit: string): string =>
  JSON.stringify({ event: 'push', repository: name, branch: 'main', actor: 'ada', commit: { sha: commit } });
