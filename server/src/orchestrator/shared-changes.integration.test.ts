import { aPlan } from '@sluice/pipelines/plan/a-plan';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ServerContext } from '../context.ts';
import { ingestRecords } from '../ingest/ingest-records.ts';
import { emptyLog } from '../ingest/log-digest.ts';
import { findRun, lockRun } from '../store/run-store.ts';
import { claimAttempt } from './claim-attempt.ts';
import { openTestCore, redisUrl, type TestCore } from './test-core.ts';
import { openWorkerDoor, type WorkerDoor } from './worker-door.ts';

const stages = Array.from({ length: 12 }, (_, index) => `s${index}`);

describe.skipIf(redisUrl === undefined)(
  'claims and reports that share transactions (needs REDIS_URL)',
  () => {
    let core: TestCore;
    beforeAll(async () => {
      core = await openTestCore();
    });
    afterAll(() => core.close());

    const startRun = () => core.start(stages.reduce((plan, name) => plan.stage(name), aPlan()).done());
    const eventsOf = (runId: string) =>
      core.context.db
        .selectFrom('run_events')
        .select(['seq', 'event'])
        .where('run_id', '=', runId)
        .orderBy('seq')
        .execute();

    test('every stage of many runs is given out once and ends once, whichever server is asked', async () => {
      const servers = [core.context, core.anotherServer()].map((context) => ({
        context,
        door: openWorkerDoor(context),
      }));
      const runs = await Promise.all([startRun(), startRun(), startRun()]);
      const given = await Promise.all(
        runs.flatMap((runId) =>
          stages.flatMap((stage) =>
            servers.map(async ({ context, door }) => {
              const request = { runId, stage, attempt: 1, workerId: 'w' };
              const answer = await claimAttempt(context, request, door);
              if (answer.kind === 'refused') return 0;
              await finish(context, door, answer.claim);
              return 1;
            }),
          ),
        ),
      );
      expect(given.filter((each) => each === 1)).toHaveLength(runs.length * stages.length);
      for (const runId of runs) {
        expect((await findRun(core.context.db, runId))?.status).toBe('succeeded');
        const events = await eventsOf(runId);
        expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
        const ended = events.filter(({ event }) => event.kind === 'stage-finished');
        expect(ended).toHaveLength(stages.length);
      }
    });

    test('what cannot be stored fails alone, and an attempt that nobody knows is refused alone', async () => {
      const { context } = core;
      const door = openWorkerDoor(context);
      const runId = await startRun();
      const request = { runId, attempt: 1, workerId: 'w' };
      const [good, bad, none, other] = await Promise.allSettled([
        claimAttempt(context, { ...request, stage: 's0' }, door),
        claimAttempt(context, { ...request, stage: 's1', workerId: 'nul\0' }, door),
        claimAttempt(context, { ...request, stage: 's2', attempt: 7 }, door),
        claimAttempt(context, { ...request, stage: 's3' }, door),
      ]);
      expect(good).toMatchObject({ status: 'fulfilled', value: { kind: 'claimed' } });
      expect(bad.status).toBe('rejected');
      expect(none).toMatchObject({ value: { kind: 'refused', reason: 'over' } });
      expect(other).toMatchObject({ value: { kind: 'claimed' } });
      const events = await eventsOf(runId);
      expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    });

    test('a run that somebody holds delays nobody but its own', async () => {
      const { context } = core;
      const door = openWorkerDoor(context);
      const [held, free] = await Promise.all([startRun(), startRun()]);
      const claims: { held?: ReturnType<typeof claimAttempt> } = {};
      await context.db.transaction().execute(async (trx) => {
        await lockRun(trx, held);
        const request = { stage: 's0', attempt: 1, workerId: 'w' };
        claims.held = claimAttempt(context, { ...request, runId: held }, door);
        const answer = await claimAttempt(context, { ...request, runId: free }, door);
        expect(answer.kind).toBe('claimed');
      });
      expect((await claims.held)?.kind).toBe('claimed');
    });
  },
);

async function finish(
  context: ServerContext,
  door: WorkerDoor,
  { attemptId, fence }: { readonly attemptId: string; readonly fence: number },
): Promise<void> {
  const end = {
    kind: 'finished',
    number: 1,
    outcome: { result: 'succeeded', outputs: { nul: 'kept \0 here' } },
    logLines: 0,
    logDigest: emptyLog.digest,
    at: context.now(),
  } as const;
  const stored = await ingestRecords(context, attemptId, { fence, records: [end] }, door);
  expect(stored).toMatchObject({ ok: true, value: { acknowledged: 1 } });
}
