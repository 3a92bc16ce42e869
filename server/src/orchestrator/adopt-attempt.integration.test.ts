import { aPlan } from '@sluice/pipelines/plan/a-plan';
import type { Claim, WorkerRecord } from '@sluice/pipelines/protocol/worker-api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ingestRecords } from '../ingest/ingest-records.ts';
import { extendLeases, findAttempt, listHeldBy } from '../store/attempt-store.ts';
import { adoptAttempt } from './adopt-attempt.ts';
import { claimAttempt } from './claim-attempt.ts';
import { keepHeld } from './keep-held.ts';
import { openTestCore, redisUrl, type TestCore } from './test-core.ts';

describe.skipIf(redisUrl === undefined)('taking up an attempt again (needs REDIS_URL)', () => {
  let core: TestCore;
  beforeAll(async () => {
    core = await openTestCore();
  });
  afterAll(() => core.close());

  async function claimed(): Promise<Claim> {
    const runId = await core.start(aPlan().stage('test').done());
    const answer = await claimAttempt(core.context, { runId, stage: 'test', attempt: 1, workerId: 'one' });
    if (answer.kind === 'refused') throw new Error(answer.reason);
    return answer.claim;
  }
  const record = (number: number): WorkerRecord => ({
    kind: 'log',
    number,
    step: 0,
    firstLine: number - 1,
    lines: [[0, 'o', 'x']],
  });

  test('its holder gets the same claim under a new fence; the old one reports no more, and numbers go on', async () => {
    const claim = await claimed();
    const { attemptId, fence } = claim;
    const batch = (under: number, number: number) =>
      ingestRecords(core.context, attemptId, { fence: under, records: [record(number)] });
    await batch(fence, 1);
    const answer = await adoptAttempt(core.context, attemptId, { workerId: 'one', fence });
    expect(answer).toEqual({
      kind: 'claimed',
      claim: { ...claim, fence: fence + 1 },
      isTakenOver: false,
    });
    expect(await batch(fence, 2)).toMatchObject({ ok: false, error: { reason: 'stale-fence' } });
    expect(await batch(fence + 1, 2)).toMatchObject({ ok: true, value: { acknowledged: 2 } });
  });

  test('a holder that was killed before it kept the answer may ask again', async () => {
    const { attemptId, fence } = await claimed();
    await adoptAttempt(core.context, attemptId, { workerId: 'one', fence });
    const again = await adoptAttempt(core.context, attemptId, { workerId: 'one', fence });
    expect(again).toMatchObject({ kind: 'claimed', claim: { fence: fence + 2 } });
  });

  test('nobody else gets it, and no one when it is over or unknown', async () => {
    const refused = { kind: 'refused', reason: 'over' };
    const { attemptId, fence } = await claimed();
    expect(await adoptAttempt(core.context, attemptId, { workerId: 'two', fence })).toEqual(refused);
    expect(await adoptAttempt(core.context, attemptId, { workerId: 'one', fence: fence + 1 })).toEqual(
      refused,
    );
    expect((await findAttempt(core.context.db, attemptId))?.fence).toBe(fence);
    const unknown = core.context.newId();
    expect(await adoptAttempt(core.context, unknown, { workerId: 'one', fence })).toEqual(refused);
  });

  test('a claim whose answer was lost is answered again to its worker alone, until it has reported', async () => {
    const { attemptId, fence, runId } = await claimed();
    const ask = (workerId: string, again: boolean) =>
      claimAttempt(core.context, { runId, stage: 'test', attempt: 1, workerId, again });
    const held = { kind: 'refused', reason: 'held' };
    expect(await ask('one', false)).toEqual(held);
    expect(await ask('two', true)).toEqual(held);
    expect(await ask('one', true)).toMatchObject({ kind: 'claimed', claim: { attemptId, fence: fence + 1 } });
    await ingestRecords(core.context, attemptId, { fence: fence + 1, records: [record(1)] });
    expect(await ask('one', true)).toEqual(held);
  });

  test('a worker can ask what it holds', async () => {
    const { attemptId, fence, runId } = await claimed();
    const mine = await listHeldBy(core.context.db, 'one');
    expect(mine.at(-1)).toEqual({ id: attemptId, run_id: runId, stage: 'test', number: 1, fence });
    expect(await listHeldBy(core.context.db, 'nobody')).toEqual([]);
  });

  test('a worker that asks what it holds, as its next process does first, keeps it for another lease', async () => {
    const { attemptId, fence } = await claimed();
    const leaseUntil = async () => (await findAttempt(core.context.db, attemptId))?.lease_until ?? 0;
    const given = await leaseUntil();
    core.passTime(15_000);
    expect(await keepHeld(core.context, 'two')).toEqual([]);
    expect(await leaseUntil()).toBe(given);
    expect(await keepHeld(core.context, 'one')).toContainEqual(expect.objectContaining({ attemptId, fence }));
    expect(await leaseUntil()).toBeGreaterThanOrEqual(given + 15_000);
    await extendLeases(core.context.db, 'one', [{ attemptId, fence }], given + 3_600_000);
    await keepHeld(core.context, 'one');
    expect(await leaseUntil()).toBe(given + 3_600_000);
  });
});
