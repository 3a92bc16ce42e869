import { readFileSync } from 'node:fs';
import { aPlan } from '@sluice/pipelines/plan/a-plan';
import type { Plan } from '@sluice/pipelines/plan/plan';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openQueues, type Queues } from '../queue/queues.ts';
import { listAttempts } from '../store/attempt-store.ts';
import { findRun, isPlanned } from '../store/run-store.ts';
import { claimAttempt } from './claim-attempt.ts';
import { dispatch } from './dispatch.ts';
import { giveTurn } from './give-turn.ts';
import { repairs } from './metrics.ts';
import { queueReconciler } from './reconcile.ts';
import { runReconciler } from './reconcile-runs.ts';
import { repairKinds, type RepairKind } from './repair.ts';
import { reportEnd } from './report-end.fixture.ts';
import { openTestCore, redisUrl, type TestCore } from './test-core.ts';
import { inUnit } from './unit.ts';

describe.skipIf(redisUrl === undefined)('what is broken by hand is put right (needs REDIS_URL)', () => {
  let core: TestCore;
  let queues: Queues;
  beforeAll(async () => {
    core = await openTestCore();
    queues = openQueues(core.context);
  });
  afterAll(async () => {
    await queues.close();
    await core.close();
  });

  const counted = async (kind: RepairKind): Promise<number> => {
    const { values } = await repairs.get();
    return values.find(({ labels }) => labels['kind'] === kind)?.value ?? 0;
  };
  /** Lets the reconcilers look, and expects one repair that the run's events tell. */
  const repairsOnce = async (kind: RepairKind, runId: string): Promise<void> => {
    const before = await counted(kind);
    core.passTime(6_000);
    const look = async (): Promise<void> => {
      await runReconciler(core.context)();
      await queueReconciler(core.context, queues)();
    };
    await look();
    await look();
    expect(await counted(kind)).toBe(before + 1);
    const events = await core.context.db
      .selectFrom('run_events')
      .select('event')
      .where('run_id', '=', runId)
      .execute();
    const told = events.flatMap(({ event }) => (event.kind === 'repaired' ? [event.repair] : []));
    expect(told).toContain(kind);
  };
  const end = async (runId: string, result: 'succeeded' | 'failed'): Promise<void> => {
    const answer = await claimAttempt(core.context, { runId, stage: 'test', attempt: 1, workerId: 'w' });
    if (answer.kind === 'refused') throw new Error(answer.reason);
    const failure = { class: 'failed', message: 'exit 1', exitCode: 1 } as const;
    await reportEnd(
      core.context,
      answer.claim,
      result === 'failed' ? { result, failure } : { result, outputs: {} },
    );
  };
  const grouped = (group: string): Plan => ({
    ...aPlan().stage('test').done(),
    concurrency: { group, whenBusy: 'queue' },
  });

  test('a job that Redis lost', async () => {
    const runId = await core.start(aPlan().stage('test').done());
    await dispatch(core.context, queues);
    await core.emptyRedis();
    await repairsOnce('job-missing', runId);
    expect(await core.context.redis.keys(`${core.context.queuePrefix}:*${runId}*`)).toHaveLength(1);
    const run = await findRun(core.context.db, runId);
    const stage = run !== null && isPlanned(run) ? run.content.state.stages['test'] : undefined;
    expect(stage).toMatchObject({ reason: expect.stringContaining(repairKinds['job-missing']) });
    await end(runId, 'succeeded');
  });

  test('an attempt that is gone', async () => {
    const runId = await core.start(aPlan().stage('test').done());
    await core.context.db.deleteFrom('attempts').where('run_id', '=', runId).execute();
    await repairsOnce('attempt-missing', runId);
    expect(await listAttempts(core.context.db, runId)).toMatchObject([{ status: 'queued', pool: 'default' }]);
    await end(runId, 'succeeded');
  });

  test('the timer of a retry', async () => {
    const retry = { attempts: 2, delayMs: 3_600_000, maxDelayMs: 3_600_000, on: ['failed'] };
    const runId = await core.start(aPlan().stage('test', { retry }).done());
    await end(runId, 'failed');
    await core.context.db.deleteFrom('timers').execute();
    await repairsOnce('timer-missing', runId);
    expect(await core.context.db.selectFrom('timers').select('run_id').execute()).toEqual([
      { run_id: runId },
    ]);
  });

  test('a look for a run with the same inputs', async () => {
    const runId = await core.start(
      aPlan()
        .stage('test', { reuse: ['src/**'] })
        .done(),
    );
    await core.context.db.deleteFrom('outbox').where('kind', '=', 'seek-result').execute();
    await repairsOnce('search-missing', runId);
    const { db } = core.context;
    const looks = await db.selectFrom('outbox').select('id').where('kind', '=', 'seek-result').execute();
    expect(looks).toHaveLength(1);
    await db.deleteFrom('outbox').where('kind', '=', 'seek-result').execute();
  });

  test('a turn that nobody gave', async () => {
    const runId = await core.start(grouped('nobody'));
    await core.context.db.deleteFrom('outbox').execute();
    await repairsOnce('turn-missing', runId);
    const [group] = await core.context.db.selectFrom('group_tickets').select('repository_id').execute();
    await inUnit(core.context, (unit) =>
      giveTurn(unit, { repositoryId: group?.repository_id ?? '', group: 'nobody' }),
    );
    await end(runId, 'succeeded');
  });

  test('a place in a group that a run kept after its end', async () => {
    const runId = await core.start(aPlan().stage('test').done());
    await end(runId, 'succeeded');
    const ticket = { run_id: runId, stage: '', repository_id: 'r', group_name: 'kept', run_number: 1 };
    await core.context.db
      .insertInto('group_tickets')
      .values({ ...ticket, state: 'holding', when_busy: 'queue', since: 0 })
      .execute();
    const before = await counted('turn-of-ended-run');
    await runReconciler(core.context)();
    expect(await counted('turn-of-ended-run')).toBe(before + 1);
    expect(await core.context.db.selectFrom('group_tickets').selectAll().execute()).toEqual([]);
  });

  test.each([
    ['lease-missing', null],
    ['lease-too-long', 8_640_000_000_000_000],
  ] as const)('a worker holds an attempt with a %s', async (kind, lease) => {
    const runId = await core.start(aPlan().stage('test').done());
    await claimAttempt(core.context, { runId, stage: 'test', attempt: 1, workerId: 'w' });
    await core.context.db
      .updateTable('attempts')
      .set({ lease_until: lease })
      .where('run_id', '=', runId)
      .execute();
    await repairsOnce(kind, runId);
  });

  test('an attempt of an older server, which knows no line', async () => {
    const runId = await core.start(aPlan().stage('test').done());
    const nothing = { project: null, pool: null, rank: null, run_number: null, granted_at: null };
    await core.context.db.updateTable('attempts').set(nothing).where('run_id', '=', runId).execute();
    const before = await counted('attempt-of-older-server');
    await queueReconciler(core.context, queues)();
    expect(await counted('attempt-of-older-server')).toBe(before + 1);
    expect(await listAttempts(core.context.db, runId)).toMatchObject([
      { pool: 'default', project: 'default' },
    ]);
  });
});

test('every kind of repair is explained to operators', () => {
  const page = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8');
  expect(Object.keys(repairKinds).filter((kind) => !page.includes(`\`${kind}\``))).toEqual([]);
});
