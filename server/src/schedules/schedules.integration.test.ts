import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { nothingFound } from '@sluice/pipelines/language/join-files';
import type { LoadedPipeline } from '@sluice/pipelines/language/load-pipelines';
import { ok, err } from '@sluice/pipelines/result';
import { openTestCore, type TestCore } from '../orchestrator/test-core.ts';
import type { Mirrors } from '../repositories/mirrors.ts';
import { lookAtSchedules } from '../store/schedule-store.ts';
import { fireSchedules } from './fire-schedules.ts';
import { lookForSchedules } from './look-for-schedules.ts';

let core: TestCore;
let repositoryId: string;
let text: string;
/** Of `.sluice/b.yml`; null: there is none. */
let second: string | null = null;
let isReadable: boolean;

const hourMs = 3_600_000;
const commit = { sha: 'a'.repeat(40), message: 'nightly', author: 'ada' };
const away = err({
  reason: 'repository-unreachable',
  message: 'the forge is away',
  isTemporary: true,
} as const);

const mirrors: Mirrors = {
  readPipelines: () =>
    Promise.resolve(
      ok([aPipeline('.sluice.yml', text), ...(second === null ? [] : [aPipeline('.sluice/b.yml', second)])]),
    ),
  listFiles: () => Promise.resolve(ok([])),
  resolveBranch: () => Promise.resolve(isReadable ? ok(commit) : away),
  resolveCommit: () => Promise.resolve(ok(commit)),
  close: () => Promise.resolve(),
};

beforeAll(async () => {
  core = await openTestCore();
  const row = await core.context.db.selectFrom('repositories').select('id').executeTakeFirstOrThrow();
  repositoryId = row.id;
});
afterAll(() => core.close());

beforeEach(async () => {
  isReadable = true;
  await write("[{ cron: '0 * * * *' }]");
  await core.context.db.deleteFrom('runs').execute();
});

test('a schedule of the default branch is listed with its next time, and fires once when that has come', async () => {
  const [listed] = await schedules();
  expect(listed?.due_at).toBeGreaterThan(core.context.now());
  expect(listed?.due_at).toBeLessThanOrEqual(core.context.now() + hourMs);
  await fireSchedules(core.context, mirrors);
  expect(await runs()).toEqual([]);
  core.passTime(hourMs);
  await fireSchedules(core.context, mirrors);
  await fireSchedules(core.context, mirrors);
  expect(await runs()).toMatchObject([
    {
      event: 'schedule',
      actor: 'schedule',
      trigger: { event: 'schedule', cron: '0 * * * *', timezone: 'UTC', dueAt: listed?.due_at, commit },
    },
  ]);
});

test('of several servers, one fires it', async () => {
  core.passTime(hourMs);
  const other = core.anotherServer();
  await Promise.all([core.context, other, core.context].map((each) => fireSchedules(each, mirrors)));
  expect(await runs()).toHaveLength(1);
});

test('what was missed while no server was there fires once', async () => {
  core.passTime(50 * hourMs);
  await fireSchedules(core.context, mirrors);
  await fireSchedules(core.context, mirrors);
  expect(await runs()).toHaveLength(1);
  const [next] = await schedules();
  expect(next?.due_at).toBeGreaterThan(core.context.now());
});

test('a repository that cannot be read delays it, and does not lose it', async () => {
  core.passTime(hourMs);
  isReadable = false;
  await fireSchedules(core.context, mirrors);
  expect(await runs()).toEqual([]);
  isReadable = true;
  await fireSchedules(core.context, mirrors);
  expect(await runs()).toEqual([]);
  core.passTime(60_000);
  await fireSchedules(core.context, mirrors);
  expect(await runs()).toHaveLength(1);
});

test('a look adds what is new, takes off what is gone, and leaves the time of the others', async () => {
  const [before] = await schedules();
  await write("[{ cron: '0 * * * *' }, { cron: '@daily', timezone: Asia/Shanghai }]");
  expect(await schedules()).toMatchObject([before, { cron: '@daily', timezone: 'Asia/Shanghai' }]);
  await write("['@weekly']");
  expect(await schedules()).toMatchObject([{ cron: '@weekly', timezone: 'UTC' }]);
  text = 'on: {';
  await lookAtSchedules(core.context.db, repositoryId, 0);
  await lookForSchedules(core.context, mirrors);
  expect(await schedules()).toHaveLength(1);
});

test('pipelines with the same schedule start together, and one without it does not', async () => {
  second = text.replace('on:', 'name: b\non:');
  await write("[{ cron: '0 * * * *' }]");
  expect(await schedules()).toHaveLength(1);
  core.passTime(hourMs);
  await fireSchedules(core.context, mirrors);
  expect((await runs()).map(({ pipeline }) => pipeline).toSorted()).toEqual(['b', 'pipeline']);
  second = second.replace("'0 * * * *'", "'@yearly'");
  await core.context.db.deleteFrom('runs').execute();
  core.passTime(hourMs);
  await fireSchedules(core.context, mirrors);
  expect((await runs()).map(({ pipeline }) => pipeline)).toEqual(['pipeline']);
  second = null;
});

test('a file that dropped its schedule since the last look starts nothing', async () => {
  core.passTime(hourMs);
  text = 'on: push\nstages: { a: { steps: [x] } }\n';
  await fireSchedules(core.context, mirrors);
  expect(await runs()).toEqual([]);
});

async function write(schedule: string): Promise<void> {
  text = `on: { push: {}, schedule: ${schedule} }\nstages: { a: { image: 'busybox:1', steps: [x] } }\n`;
  await lookAtSchedules(core.context.db, repositoryId, 0);
  await lookForSchedules(core.context, mirrors);
}

const schedules = () => core.context.db.selectFrom('schedules').selectAll().orderBy('cron').execute();

const runs = () =>
  core.context.db.selectFrom('runs').select(['event', 'actor', 'trigger', 'pipeline']).execute();

const aPipeline = (file: string, its: string): LoadedPipeline => ({ file, text: its, found: nothingFound });
