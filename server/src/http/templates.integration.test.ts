import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { openTestApp, type TestApp } from './test-app.ts';

const hookSecret = 'a hook secret of good length';
const template = `inputs: { greeting: { type: string, default: hello } }
stages:
  greet: { image: 'busybox:1', steps: ['echo "\${{ inputs.greeting }}"'] }
  after: { needs: [greet], image: 'busybox:1', steps: [ls] }
`;

let app: TestApp;
let templates: string;
let first: string;
beforeAll(async () => {
  app = await openTestApp();
  templates = await aRepository('templates');
  first = app.commit(short(templates), null, { 'ci/greet.yml': template });
  git(templates, 'tag', '--annotate', '--message=v1', 'v1');
});
afterAll(() => app.close());

test('a run records the commit of the template that it used, and the next one follows a tag that has moved', async () => {
  const shop = await aRepository('shop');
  app.commit(short(shop), pipeline(`${templates}/ci/greet.yml@v1`, 'with: { greeting: hi }'));
  const run = await start(shop);
  const plan = await planOf(run);
  expect(plan?.stages.map(({ id }) => id)).toEqual(['ci.greet', 'ci.after', 'ci']);
  expect(plan?.stages.at(-1)?.work).toMatchObject({
    kind: 'use',
    template: {
      use: `${templates}/ci/greet.yml@v1`,
      repository: templates,
      path: 'ci/greet.yml',
      commit: first,
    },
  });
  expect(plan?.stages[0]?.work).toMatchObject({ steps: [{ run: 'echo "hi"' }] });

  const moved = app.commit(short(templates), null, { 'ci/greet.yml': template.replace('echo', 'printf') });
  git(templates, 'tag', '--force', 'v1');
  expect(await planOf(run)).toEqual(plan);
  expect(JSON.stringify(await planOf(await start(shop)))).toContain(moved);
});

test('a branch is warned of, and a commit is taken when it is in a branch or a tag', async () => {
  const shop = await aRepository('shop');
  app.commit(short(shop), pipeline(`${templates}/ci/greet.yml@main`));
  expect(JSON.stringify(await diagnosticsOf(await start(shop)))).toContain('floating-template');
  app.commit(short(shop), pipeline(`${templates}/ci/greet.yml@${first}`));
  expect(await diagnosticsOf(await start(shop))).toEqual([]);
  // What lies in the repository and in no branch of it: at a forge, a stranger's fork.
  git(templates, 'checkout', '--quiet', '--detach');
  const loose = app.commit(short(templates), null, { 'ci/greet.yml': template.replace('hello', 'evil') });
  git(templates, 'checkout', '--quiet', 'main');
  app.commit(short(shop), pipeline(`${templates}/ci/greet.yml@${loose}`));
  expect(await refusalOf(shop)).toContain('is in no branch and no tag');
});

test('a template of another project is used when its repository is shared, and otherwise is as if not there', async () => {
  const theirs = await aRepository('theirs', { project: 'other' });
  app.commit(short(theirs), null, { 't.yml': template });
  const shop = await aRepository('shop');
  app.commit(short(shop), pipeline(`${theirs}/t.yml@main # sluice-ignore: floating-template`));
  const hidden = await refusalOf(shop);
  app.commit(short(shop), pipeline(`acme/none/t.yml@main`));
  const missing = await refusalOf(shop);
  expect(hidden.replaceAll(theirs, 'acme/none')).toContain('is in no repository that this one may use');
  expect(missing).toContain('is in no repository that this one may use. Connect acme/none to this server');
  await save(theirs, { project: 'other', shared: true });
  app.commit(short(shop), pipeline(`${theirs}/t.yml@main # sluice-ignore: floating-template`));
  expect((await planOf(await start(shop)))?.stages.map(({ id }) => id)).toContain('ci.greet');
});

test.each([
  ['ci/greet.yml@v9', 'there is no tag and no branch \\"v9\\"'],
  ['ci/none.yml@v1', 'which is not there.'],
  ['ci/greet.yml@HEAD', 'there is no tag and no branch \\"HEAD\\"'],
])('%s is refused with what to do', async (named, message) => {
  const shop = await aRepository('shop');
  app.commit(short(shop), pipeline(`${templates}/${named}`));
  expect(await refusalOf(shop)).toContain(message);
});

test('two repositories may use templates of each other, and one its own at a version', async () => {
  const [left, right] = [await aRepository('left'), await aRepository('right')];
  for (const [own, other] of [
    [left, right],
    [right, left],
  ] as const) {
    app.commit(
      short(own),
      `on: { manual: {} }
stages:
  theirs: { use: ${other}/t.yml@main } # sluice-ignore: floating-template
  mine: { use: ${own}/t.yml@main } # sluice-ignore: floating-template
`,
      { 't.yml': template },
    );
  }
  const runs = await Promise.all([left, right, left, right].map(start));
  for (const run of runs) expect((await planOf(run))?.stages).toHaveLength(6);
});

test('a run with templates is cancelled and run again, wholly and from a stage of a template', async () => {
  const shop = await aRepository('shop');
  app.commit(
    short(shop),
    `on: { manual: {} }
stages:
  ci: { matrix: { greeting: [hi, ho] }, use: ${templates}/ci/greet.yml@v1, with: { greeting: '\${{ matrix.greeting }}' } }
`,
  );
  const run = await start(shop);
  const cancelled = await app.call('POST', `/api/runs/${run}/cancel`, { reason: 'enough' });
  expect(cancelled.status).toBe(202);
  const seen = runShape.parse((await app.call('GET', `/api/runs/${run}`)).body);
  expect(seen.status).toBe('cancelled');
  expect(Object.entries(seen.state.stages).map(([id, { status }]) => [id, status])).toEqual(
    ['ci (hi).greet', 'ci (hi).after', 'ci (hi)', 'ci (ho).greet', 'ci (ho).after', 'ci (ho)', 'ci'].map(
      (id) => [id, 'cancelled'],
    ),
  );
  const unknown = await app.call('POST', `/api/runs/${randomUUID()}/cancel`, { reason: 'x' });
  expect(unknown.status).toBe(404);

  const whole = await app.call('POST', `/api/runs/${run}/rerun`, { what: 'all' });
  expect(whole.status).toBe(201);
  const part = await app.call('POST', `/api/runs/${run}/rerun/preview`, { what: { from: 'ci (ho).after' } });
  expect(part.status).toBe(200);
  const again = z.object({ runId: z.string() }).parse(whole.body).runId;
  expect(await planOf(again)).toEqual(await planOf(run));
  const resumed = runShape.parse((await app.call('GET', `/api/runs/${again}`)).body);
  expect(resumed.state.stages['ci (ho).greet']?.status).toBe('queued');
  expect(resumed.state.stages['ci (ho).after']?.status).toBe('waiting');
});

const runShape = z.object({
  status: z.string(),
  state: z.object({ stages: z.record(z.string(), z.object({ status: z.string() })) }),
});

const pipeline = (use: string, more = ''): string =>
  `on: { manual: {} }
stages:
  ci:
    use: ${use}
    ${more}
`;

const short = (fullName: string): string => fullName.slice('acme/'.length);

async function aRepository(name: string, more: object = {}): Promise<string> {
  const fullName = `acme/${name}-${randomUUID().slice(0, 8)}`;
  app.commit(short(fullName), null);
  await save(fullName, more);
  return fullName;
}

async function save(fullName: string, more: object): Promise<void> {
  const config = {
    fullName,
    provider: 'generic',
    cloneUrl: app.cloneUrl(short(fullName)),
    hookSecret,
    ...more,
  };
  expect(await app.call('PUT', '/api/repositories', config)).toMatchObject({ status: 200 });
}

function git(fullName: string, ...args: readonly string[]): void {
  const cwd = fileURLToPath(app.cloneUrl(short(fullName)));
  execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', ...args], { cwd });
}

async function start(repository: string): Promise<string> {
  const answer = await app.call('POST', '/api/runs', { repository, branch: 'main' });
  expect(answer).toMatchObject({ status: 201 });
  return z.object({ runId: z.string() }).parse(answer.body).runId;
}

async function refusalOf(repository: string): Promise<string> {
  const answer = await app.call('POST', '/api/runs', { repository, branch: 'main' });
  expect(answer).toMatchObject({ status: 422, body: { reason: 'pipeline-broken' } });
  return JSON.stringify(answer.body);
}

const rowOf = (run: string) =>
  app.context.db
    .selectFrom('runs')
    .select(['plan', 'diagnostics'])
    .where('id', '=', run)
    .executeTakeFirstOrThrow();

const planOf = async (run: string) => (await rowOf(run)).plan;
const diagnosticsOf = async (run: string) => (await rowOf(run)).diagnostics;
