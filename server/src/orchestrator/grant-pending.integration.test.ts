import { aPlan } from '@sluice/pipelines/plan/a-plan';
import type { Plan } from '@sluice/pipelines/plan/plan';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openQueues, type Queues } from '../queue/queues.ts';
import { findRun, isPlanned } from '../store/run-store.ts';
import { recordWorker } from '../store/worker-store.ts';
import { runWaits } from '../views/waits-view.ts';
import { grantPending } from './grant-pending.ts';
import { requestCancel } from './request-cancel.ts';
import { openTestCore, redisUrl, type TestCore } from './test-core.ts';

const plan = (stages: number, more: Partial<Plan> = {}): Plan => ({
  ...Array.from({ length: stages }, (_, index) => `s${index}`)
    .reduce((builder, name) => builder.stage(name), aPlan())
    .done(),
  ...more,
});

describe.skipIf(redisUrl === undefined)('stages that wait for a worker (needs REDIS_URL)', () => {
  let core: TestCore;
  let queues: Queues;
  beforeAll(async () => {
    core = await openTestCore();
    queues = openQueues(core.context);
  });
  beforeEach(async () => {
    const { db } = core.context;
    const runs = await db.selectFrom('runs').select('id').where('finished_at', 'is', null).execute();
    for (const { id } of runs) await requestCancel(core.context, id, 'test', 'over');
    await db.deleteFrom('project_limits').execute();
    await db.deleteFrom('fair_shares').execute();
    await db.deleteFrom('workers').execute();
    await core.emptyRedis();
  });
  afterAll(async () => {
    await queues.close();
    await core.close();
  });

  const aWorker = (slots: number, pool = 'default') =>
    recordWorker(core.context.db, {
      id: `worker-${pool}`,
      pool,
      slots,
      isLeaving: false,
      at: core.context.now(),
    });
  const granted = async (runId: string): Promise<number> => {
    const rows = await core.context.db
      .selectFrom('attempts')
      .select('id')
      .where('run_id', '=', runId)
      .where('granted_at', 'is not', null)
      .execute();
    return rows.length;
  };

  test('the queue holds a few more than there are slots, however many wait', async () => {
    await aWorker(4);
    const runId = await core.start(plan(60));
    expect(await grantPending(core.context, queues)).toBe(8);
    expect(await grantPending(core.context, queues)).toBe(0);
    expect(await granted(runId)).toBe(8);
    const jobs = await core.context.redis.keys(`${core.context.queuePrefix}:*${runId}-*`);
    expect(jobs).toHaveLength(8);
  });

  test('a project that comes late gets its share before a long line', async () => {
    await aWorker(4);
    const long = await core.start(plan(100), { project: 'long' });
    const late = await core.start(plan(3), { project: 'late' });
    await grantPending(core.context, queues);
    expect([await granted(long), await granted(late)]).toEqual([5, 3]);
  });

  test('an urgent run goes before a long line of its project', async () => {
    await aWorker(1);
    await core.start(plan(100));
    const urgent = await core.start(plan(2, { priority: 'high' }));
    await grantPending(core.context, queues);
    expect(await granted(urgent)).toBe(2);
  });

  test('a quota holds back what is beyond it, in all pools together', async () => {
    await aWorker(4);
    const limits = { weight: 1, max_running_stages: 3, updated_at: 0, updated_by: 'ada' };
    await core.context.db
      .insertInto('project_limits')
      .values({ project: 'small', ...limits })
      .execute();
    const runId = await core.start(plan(10), { project: 'small' });
    await grantPending(core.context, queues);
    expect(await granted(runId)).toBe(3);
  });

  test('each pool has a queue of its own', async () => {
    const [stage] = plan(1).stages;
    if (stage === undefined) throw new Error('no stage');
    const runId = await core.start({ ...plan(0), stages: [{ ...stage, pool: 'gpu' }] });
    await grantPending(core.context, queues);
    const keys = await core.context.redis.keys(`${core.context.queuePrefix}:*${runId}-*`);
    expect(keys).toEqual([`${core.context.queuePrefix}:sluice-attempts-gpu:${runId}-s0-1`]);
  });

  test('a stage that waits says why and behind whom', async () => {
    const { db, now } = core.context;
    const runId = await core.start(plan(10), { project: 'small' });
    const [blind] = await runWaits(db, runId, now());
    expect(blind?.why).toEqual({ kind: 'no-worker', pool: 'default', lastSeenAt: null });
    await aWorker(1);
    await grantPending(core.context, queues);
    const waits = await runWaits(db, runId, now());
    expect(waits.map(({ why }) => why.kind).toSorted()).toEqual([
      ...Array.from({ length: 5 }, () => 'handed-out'),
      ...Array.from({ length: 5 }, () => 'line'),
    ]);
    const limits = { weight: 1, max_running_stages: 5, updated_at: 0, updated_by: 'ada' };
    await db
      .insertInto('project_limits')
      .values({ project: 'small', ...limits })
      .execute();
    const atLimit = (await runWaits(db, runId, now())).filter(({ why }) => why.kind === 'quota');
    expect(atLimit.map(({ why }) => why)).toContainEqual({
      kind: 'quota',
      project: 'small',
      running: 5,
      limit: 5,
      before: 4,
    });
  });

  test('a run beyond the limit of its project is kept, ended with the reason', async () => {
    const limits = { weight: 1, max_open_runs: 2, updated_at: 0, updated_by: 'ada' };
    await core.context.db
      .insertInto('project_limits')
      .values({ project: 'few', ...limits })
      .execute();
    const starts = Array.from({ length: 4 }, () => core.start(plan(1), { project: 'few' }));
    const runs = await Promise.all((await Promise.all(starts)).map((id) => findRun(core.context.db, id)));
    expect(runs.map((run) => run?.status ?? '').toSorted((a, b) => a.localeCompare(b))).toEqual([
      'cancelled',
      'cancelled',
      'running',
      'running',
    ]);
    const refused = runs.find((run) => run?.status === 'cancelled');
    expect(
      refused !== undefined && refused !== null && isPlanned(refused) ? refused.content.state.cancel : null,
    ).toMatchObject({ by: 'sluice', reason: expect.stringContaining('project few has 2 runs') });
  });

  test('servers that decide at once grant nothing twice, and no more than there is room for', async () => {
    await aWorker(4);
    const servers = [core.context, core.anotherServer(), core.anotherServer()];
    await core.start(plan(50), { project: 'a' });
    await core.start(plan(50), { project: 'b' });
    const counts = await Promise.all(servers.map((server) => grantPending(server, queues)));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(8);
  });
});
