import { aPlan } from '@sluice/pipelines/plan/a-plan';
import { attemptJob, attemptQueue, defaultPool } from '@sluice/pipelines/protocol/queues';
import type { Claim, ClaimRequest, WorkerRecord } from '@sluice/pipelines/protocol/worker-api';
import { Worker } from 'bullmq';
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ingestRecords } from '../ingest/ingest-records.ts';
import { findAttempt, listAttempts } from '../store/attempt-store.ts';
import { findRun, isPlanned } from '../store/run-store.ts';
import { writeSecret } from '../store/secret-store.ts';
import { readLogLines } from '../store/log-store.ts';
import { openQueues } from '../queue/queues.ts';
import { claimAttempt } from './claim-attempt.ts';
import { dispatch } from './dispatch.ts';
import { queueReconciler } from './reconcile.ts';
import { requestCancel } from './request-cancel.ts';
import { startOrchestrator } from './start-orchestrator.ts';
import { openTestCore, redisUrl, type TestCore } from './test-core.ts';

describe.skipIf(redisUrl === undefined)('a run, from its start to its end (needs REDIS_URL)', () => {
  let core: TestCore;
  beforeAll(async () => {
    core = await openTestCore();
  });
  afterAll(() => core.close());

  test('goes by outbox and queue to a worker, whose records end it', async () => {
    const orchestrator = startOrchestrator(core.context);
    const jobs = listenForJobs(core);
    const runId = await core.start(
      aPlan()
        .stage('test')
        .stage('lint', { needs: ['test'] })
        .done(),
    );
    await workOff(core, (await jobs.next()).claim);
    await workOff(core, (await jobs.next()).claim);
    const run = await findRun(core.context.db, runId);
    expect(run?.status).toBe('succeeded');
    const attempts = await listAttempts(core.context.db, runId);
    expect(
      attempts.map(({ stage, status, verified, log_lines }) => ({ stage, status, verified, log_lines })),
    ).toEqual([
      { stage: 'test', status: 'finished', verified: true, log_lines: 2 },
      { stage: 'lint', status: 'finished', verified: true, log_lines: 2 },
    ]);
    await jobs.close();
    await orchestrator.close();
  });

  test('starts once, however often its delivery is processed', async () => {
    const plan = aPlan().stage('test').done();
    const [first, second] = await Promise.all([
      core.start(plan, { deliveryId: 'one' }),
      core.start(plan, { deliveryId: 'one' }),
    ]);
    expect(first).toBe(second);
    expect(await core.start(plan, { deliveryId: 'one' })).toBe(first);
  });

  test('gives each attempt to one worker, though two servers are asked at once', async () => {
    const runId = await core.start(aPlan().stage('test').done());
    const other = core.anotherServer();
    const answers = await Promise.all(
      [1, 2, 3, 4].map((n) =>
        claimAttempt(n % 2 === 0 ? core.context : other, claimOf(runId, `worker-${n}`)),
      ),
    );
    expect(answers.map((answer) => answer.kind).sort()).toEqual(['claimed', 'refused', 'refused', 'refused']);
    const holder = answers.findIndex((answer) => answer.kind === 'claimed') + 1;
    expect(await claimAttempt(core.context, claimOf(runId, `worker-${holder}`))).toEqual({
      kind: 'refused',
      reason: 'held',
    });
  });

  test('merges environments, adds its own variables and gives out the secrets that are used', async () => {
    await writeSecret(core.context, { project: 'default', name: 'TOKEN', value: 's3cret', by: 'ada', at: 0 });
    const plan = aPlan().stage('test').done();
    const [stage] = plan.stages;
    if (stage === undefined) throw new Error('the plan has no stage');
    const runId = await core.start({
      ...plan,
      env: { A: { kind: 'text', text: 'pipeline' }, B: { kind: 'text', text: 'pipeline' } },
      stages: [
        { ...stage, env: { B: { kind: 'text', text: 'stage' }, T: { kind: 'secret', secret: 'TOKEN' } } },
      ],
    });
    const claim = await claimOrThrow(core, claimOf(runId, 'w'));
    expect(claim.env).toMatchObject({
      A: 'pipeline',
      B: 'stage',
      T: 's3cret',
      CI: 'true',
      SLUICE_STAGE: 'test',
    });
    expect(claim.secrets).toEqual({ TOKEN: 's3cret' });
    expect(claim.checkout).toMatchObject({ username: 'robot', password: 'robot-password' });
  });

  test('a stage whose secret is missing fails and says how to set it', async () => {
    const plan = aPlan().stage('test').done();
    const [stage] = plan.stages;
    if (stage === undefined) throw new Error('the plan has no stage');
    const runId = await core.start({
      ...plan,
      stages: [{ ...stage, env: { T: { kind: 'secret', secret: 'ABSENT' } } }],
    });
    expect(await claimAttempt(core.context, claimOf(runId, 'w'))).toEqual({
      kind: 'refused',
      reason: 'over',
    });
    const run = await findRun(core.context.db, runId);
    expect(run?.status).toBe('failed');
    expect(run !== null && isPlanned(run) ? run.content.state.stages['test'] : null).toMatchObject({
      failure: { class: 'failed', message: expect.stringContaining('PUT /api/secrets/ABSENT') },
    });
  });

  test('refuses records under an old fence and keeps those under the present one', async () => {
    const runId = await core.start(aPlan().stage('test').done());
    const claim = await claimOrThrow(core, claimOf(runId, 'w'));
    const records = aLog(['one']);
    const stale = await ingestRecords(core.context, claim.attemptId, { fence: claim.fence + 1, records });
    expect(stale).toMatchObject({ ok: false, error: { reason: 'stale-fence' } });
    const good = await ingestRecords(core.context, claim.attemptId, { fence: claim.fence, records });
    expect(good).toEqual({ ok: true, value: { acknowledged: 2, cancel: null } });
  });

  test('stores a batch once that is delivered twice, also at the same time and overlapping', async () => {
    const runId = await core.start(aPlan().stage('test').done());
    const { attemptId, fence } = await claimOrThrow(core, claimOf(runId, 'w'));
    const records = aLog(['one', 'two', 'three']);
    const send = (part: WorkerRecord[]) => ingestRecords(core.context, attemptId, { fence, records: part });
    await Promise.all([send(records), send(records)]);
    const again = await send(records.slice(1));
    expect(again).toMatchObject({ value: { acknowledged: 4 } });
    const lines = await readLogLines(core.context.db, attemptId, 0, 100);
    expect(lines.map((line) => line.text)).toEqual(['one', 'two', 'three']);
    expect((await findAttempt(core.context.db, attemptId))?.verified).toBe(true);
    expect((await findRun(core.context.db, runId))?.status).toBe('succeeded');
  });

  test('does not store records that would leave a gap, and says where to go on', async () => {
    const runId = await core.start(aPlan().stage('test').done());
    const { attemptId, fence } = await claimOrThrow(core, claimOf(runId, 'w'));
    const records = aLog(['one', 'two', 'three']);
    const ack = await ingestRecords(core.context, attemptId, { fence, records: records.slice(1) });
    expect(ack).toEqual({ ok: true, value: { acknowledged: 0, cancel: null } });
  });

  test('says so when a log is not what its worker states', async () => {
    const runId = await core.start(aPlan().stage('test').done());
    const { attemptId, fence } = await claimOrThrow(core, claimOf(runId, 'w'));
    const records = aLog(['one', 'two']).map((record): WorkerRecord =>
      record.kind === 'finished' ? { ...record, logDigest: '0'.repeat(64) } : record,
    );
    await ingestRecords(core.context, attemptId, { fence, records });
    expect((await findAttempt(core.context.db, attemptId))?.verified).toBe(false);
  });

  test('puts a job back after Redis was emptied', async () => {
    const orchestrator = startOrchestrator(core.context);
    const runId = await core.start(aPlan().stage('later').done());
    await expect
      .poll(() => core.context.redis.keys(`${core.context.queuePrefix}:*${runId}*`))
      .not.toEqual([]);
    await core.emptyRedis();
    await expect
      .poll(() => core.context.redis.keys(`${core.context.queuePrefix}:*${runId}*`))
      .not.toEqual([]);
    await requestCancel(core.context, runId, 'ada', 'seen enough');
    expect((await findRun(core.context.db, runId))?.status).toBe('cancelled');
    await orchestrator.close();
  });

  test('gives a job to another worker when the first one took it and died before its claim', async () => {
    const queues = openQueues(core.context);
    const reconcile = queueReconciler(core.context, queues);
    const dead = takeJobsAndDie(core);
    const runId = await core.start(aPlan().stage('test').done());
    await dispatch(core.context, queues);
    await expect.poll(() => dead.taken).toContain(runId);
    await dead.close();
    core.passTime(1_500);
    await reconcile();
    core.passTime(5_000);
    await reconcile();
    const jobs = listenForJobs(core);
    let { claim } = await jobs.next();
    while (claim.runId !== runId) ({ claim } = await jobs.next());
    await jobs.close();
    await queues.close();
  });

  test('loses a worker that stays away, but not while the server itself was away', async () => {
    const runId = await core.start(aPlan().stage('test').done());
    const { attemptId, fence } = await claimOrThrow(core, claimOf(runId, 'w'));
    core.passTime(60_000);
    const orchestrator = startOrchestrator(core.context);
    await expect
      .poll(async () => (await findAttempt(core.context.db, attemptId))?.lease_until)
      .toBeGreaterThan(core.context.now());
    expect((await findAttempt(core.context.db, attemptId))?.status).toBe('held');
    await core.context.db
      .updateTable('attempts')
      .set({ lease_until: core.context.now() - 1 })
      .where('id', '=', attemptId)
      .execute();
    await expect.poll(async () => (await findRun(core.context.db, runId))?.status).toBe('failed');
    const late = await ingestRecords(core.context, attemptId, { fence, records: aLog(['late']) });
    expect(late).toMatchObject({ ok: false, error: { reason: 'stale-fence' } });
    await orchestrator.close();
  });
});

const claimOf = (runId: string, workerId: string): ClaimRequest => ({
  runId,
  stage: 'test',
  attempt: 1,
  workerId,
});

async function claimOrThrow(core: TestCore, request: ClaimRequest): Promise<Claim> {
  const answer = await claimAttempt(core.context, request);
  if (answer.kind === 'refused') throw new Error(`refused: ${answer.reason}`);
  return answer.claim;
}

/** A record a line, then the end. */
function aLog(texts: readonly string[]): WorkerRecord[] {
  const digest = createHash('sha256');
  for (const text of texts) digest.update(`${text}\n`);
  return [
    ...texts.map((text, index): WorkerRecord => ({
      kind: 'log',
      number: index + 1,
      step: 0,
      firstLine: index,
      lines: [[index, 'o', text]],
    })),
    {
      kind: 'finished',
      number: texts.length + 1,
      outcome: { result: 'succeeded', outputs: {} },
      logLines: texts.length,
      logDigest: digest.digest('hex'),
      at: Date.now(),
    },
  ];
}

async function workOff(core: TestCore, claim: Claim): Promise<void> {
  const records = aLog(['hello', 'world']);
  const ack = await ingestRecords(core.context, claim.attemptId, { fence: claim.fence, records });
  expect(ack).toMatchObject({ ok: true });
}

/** A worker that takes every job there is and is never heard of again. */
function takeJobsAndDie(core: TestCore) {
  const connection = core.context.redis.duplicate({ maxRetriesPerRequest: null });
  const taken: string[] = [];
  const worker = new Worker(
    attemptQueue(defaultPool),
    (job): Promise<never> => {
      taken.push(attemptJob.parse(job.data).runId);
      return new Promise(() => undefined);
    },
    { connection, prefix: core.context.queuePrefix, concurrency: 100 },
  );
  return {
    taken,
    async close() {
      await worker.close(true);
      connection.disconnect();
    },
  };
}

/** A worker that claims what the queue gives it. */
function listenForJobs(core: TestCore) {
  const claims: Claim[] = [];
  let wake: () => void = () => undefined;
  const connection = core.context.redis.duplicate({ maxRetriesPerRequest: null });
  const worker = new Worker(
    attemptQueue(defaultPool),
    async (job) => {
      const answer = await claimAttempt(core.context, { ...attemptJob.parse(job.data), workerId: 'w' });
      if (answer.kind === 'claimed') claims.push(answer.claim);
      wake();
    },
    { connection, prefix: core.context.queuePrefix },
  );
  return {
    async next() {
      for (;;) {
        const claim = claims.shift();
        if (claim !== undefined) return { claim };
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
    async close() {
      await worker.close();
      connection.disconnect();
    },
  };
}
