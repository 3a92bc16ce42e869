import { aPlan } from '@sluice/pipelines/plan/a-plan';
import { aSpec, simulateTarget } from '@sluice/pipelines/rollout/rollout-rig';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openQueues, type Queues } from '../queue/queues.ts';
import { saveEnvironment } from '../store/environment-store.ts';
import { findRollout } from '../store/rollout-store.ts';
import { carrySteps } from './carry-steps.ts';
import { claimAction } from './claim-action.ts';
import { claimAttempt } from './claim-attempt.ts';
import { dispatch } from './dispatch.ts';
import { repairs } from './metrics.ts';
import { queueReconciler } from './reconcile.ts';
import { runReconciler } from './reconcile-runs.ts';
import type { RepairKind } from './repair.ts';
import { reportAction } from './report-action.ts';
import { reportEnd } from './report-end.fixture.ts';
import { openTestCore, redisUrl, type TestCore } from './test-core.ts';

describe.skipIf(redisUrl === undefined)('a rollout that is broken by hand goes on (needs REDIS_URL)', () => {
  let core: TestCore;
  let queues: Queues;
  beforeEach(async () => {
    core = await openTestCore();
    queues = openQueues(core.context);
    const target = { kind: 'docker', service: 'shop', listenHost: '127.0.0.1', listenPort: 80 } as const;
    const { db } = core.context;
    await db.transaction().execute((trx) => saveEnvironment(trx, { name: 'production', target, at: 0 }));
  });
  afterEach(async () => {
    await queues.close();
    await core.close();
  });

  const counted = async (kind: RepairKind): Promise<number> => {
    const { values } = await repairs.get();
    return values.find(({ labels }) => labels['kind'] === kind)?.value ?? 0;
  };
  const repairsOnce = async (kind: RepairKind, afterMs = 6_000): Promise<void> => {
    const before = await counted(kind);
    core.passTime(afterMs);
    for (let look = 0; look < 2; look += 1) {
      await runReconciler(core.context)();
      await queueReconciler(core.context, queues)();
    }
    expect(await counted(kind)).toBe(before + 1);
  };
  /** A run whose deploy stage has its turn; the command to start the rollout is in the outbox. */
  const startDeploy = async (): Promise<string> => {
    const container = { port: 80, replicas: 1, env: {}, health: '/' };
    const work = { ...aSpec().work, environment: 'production', image: 'push', container };
    const runId = await core.start(
      aPlan()
        .stage('push')
        .stage('deploy', { needs: ['push'], work })
        .done(),
    );
    await dispatch(core.context, queues);
    const answer = await claimAttempt(core.context, { runId, stage: 'push', attempt: 1, workerId: 'w' });
    if (answer.kind === 'refused') throw new Error(answer.reason);
    const outputs = { image: 'registry/shop@sha256:1' };
    await reportEnd(core.context, answer.claim, { result: 'succeeded', outputs });
    return runId;
  };
  const rolloutOf = (runId: string): Promise<string | undefined> =>
    core.context.db
      .selectFrom('rollouts')
      .select('id')
      .where('run_id', '=', runId)
      .executeTakeFirst()
      .then((row) => row?.id);
  const startedRollout = async (): Promise<string> => {
    const runId = await startDeploy();
    await carrySteps(core.context);
    const id = await rolloutOf(runId);
    if (id === undefined) throw new Error('no rollout was started');
    return id;
  };
  const claim = (rolloutId: string, action: number, workerId = 'w') =>
    claimAction(core.context, { rolloutId, action, workerId });

  /** Carries out its actions on a simulated target until it waits for a time. */
  const workUntilItWaits = async (rolloutId: string): Promise<void> => {
    const { context } = core;
    let target: ReturnType<typeof simulateTarget> | null = null;
    for (let action = 1; (await findRollout(context.db, rolloutId))?.state.wakeAt === null; action += 1) {
      const answer = await claim(rolloutId, action);
      if (answer.kind === 'refused') throw new Error(answer.reason);
      const { spec, what, fence } = answer.claim;
      target ??= simulateTarget(spec, { startMs: 0, requestsPerSecond: 1_000 }, context.now());
      const result = target.answer(what, context.now());
      await reportAction(context, rolloutId, action, { fence, result, lines: [] });
    }
  };

  test('the command to start it is gone', async () => {
    const runId = await startDeploy();
    await core.context.db.deleteFrom('outbox').where('kind', '=', 'start-rollout').execute();
    await repairsOnce('rollout-missing');
    await carrySteps(core.context);
    expect(await rolloutOf(runId)).toBeDefined();
  });

  test('Redis lost the job of its action', async () => {
    const rolloutId = await startedRollout();
    await dispatch(core.context, queues);
    await core.emptyRedis();
    await repairsOnce('action-missing');
    const keys = await core.context.redis.keys(`${core.context.queuePrefix}:*${rolloutId}*`);
    expect(keys).toHaveLength(1);
  });

  test('the worker of its action is not heard: another does it, and the first one is not listened to', async () => {
    const rolloutId = await startedRollout();
    await dispatch(core.context, queues);
    const first = await claim(rolloutId, 1);
    if (first.kind === 'refused') throw new Error(first.reason);
    await core.emptyRedis(); // the job ended with its worker
    await repairsOnce('action-lease-ended', 60_000);
    const second = await claim(rolloutId, 1, 'another');
    expect(second.kind).toBe('claimed');
    const late = { result: 'failed', reason: 'late', message: 'late', retryable: false } as const;
    const answer = await reportAction(core.context, rolloutId, 1, {
      fence: first.claim.fence,
      result: late,
      lines: [],
    });
    expect(answer).toMatchObject({ ok: false, error: { reason: 'stale-fence' } });
  });

  test('its timer is gone', async () => {
    const rolloutId = await startedRollout();
    await workUntilItWaits(rolloutId);
    await core.context.db.deleteFrom('timers').where('rollout_id', '=', rolloutId).execute();
    await repairsOnce('rollout-timer-missing');
    const timers = await core.context.db
      .selectFrom('timers')
      .select('id')
      .where('rollout_id', '=', rolloutId)
      .execute();
    expect(timers).toHaveLength(1);
  });
});
