import { randomUUID } from 'node:crypto';
import { aPlan } from '@sluice/pipelines/plan/a-plan';
import type { OrphanLook } from '@sluice/pipelines/protocol/orphans';
import type { Claim } from '@sluice/pipelines/protocol/worker-api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { claimAttempt } from '../orchestrator/claim-attempt.ts';
import { countOrphans } from '../orchestrator/count-orphans.ts';
import { orphans, orphansRemoved } from '../orchestrator/metrics.ts';
import { reportEnd } from '../orchestrator/report-end.fixture.ts';
import { openTestCore, redisUrl, type TestCore } from '../orchestrator/test-core.ts';
import { grantHold, holdEnded } from '../shell/holds.ts';
import { takeLook, tellStandings } from './orphans.ts';

const done = { result: 'succeeded', outputs: {} } as const;

describe.skipIf(redisUrl === undefined)('what workers ask about things on engines (needs REDIS_URL)', () => {
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
  const standing = async (runId: string) => {
    const attempts = [{ runId, stage: 'test', attempt: 1 }];
    return (await tellStandings(core.context, { workerId: 'one', attempts, environments: [] })).attempts[0];
  };

  test('an attempt is open until it has ended, and then over for as long as time passes', async () => {
    const claim = await claimed();
    const { attemptId, runId } = claim;
    expect(await standing(runId)).toEqual({ kind: 'open', attemptId });
    await reportEnd(core.context, claim, done);
    core.passTime(61_000);
    const over = await standing(runId);
    expect(over).toMatchObject({ kind: 'over', attemptId });
    expect(over?.kind === 'over' ? over.forMs : 0).toBeGreaterThanOrEqual(61_000);
  });

  test('what is kept for a shell is kept until its end, and over from then on', async () => {
    const claim = await claimed();
    const { attemptId, runId, fence } = claim;
    await grantHold(core.context, attemptId, { workerId: 'one', fence, forMs: 120_000 });
    await reportEnd(core.context, claim, done);
    core.passTime(100_000);
    expect(await standing(runId)).toEqual({ kind: 'kept', attemptId });
    await holdEnded(core.context, attemptId, 'one', 'nobody wants it');
    core.passTime(5_000);
    const over = await standing(runId);
    expect(over?.kind === 'over' && over.forMs >= 5_000 && over.forMs < 60_000).toBe(true);
  });

  test('answers in the order of the question, by labels and by id, also what it has never heard of', async () => {
    const [one, other] = [await claimed(), await claimed()];
    const answer = await tellStandings(core.context, {
      workerId: 'one',
      attempts: [
        { attemptId: other.attemptId },
        { runId: randomUUID(), stage: 'test', attempt: 1 },
        { runId: one.runId, stage: 'test', attempt: 1 },
        { runId: one.runId, stage: 'test', attempt: 2 },
        { attemptId: randomUUID() },
      ],
      environments: ['nowhere'],
    });
    expect(answer).toEqual({
      installation: 'test',
      attempts: [
        { kind: 'open', attemptId: other.attemptId },
        { kind: 'unknown' },
        { kind: 'open', attemptId: one.attemptId },
        { kind: 'unknown' },
        { kind: 'unknown' },
      ],
      environments: [null],
    });
  });

  test('counts are shown by every server until nobody looks any more', async () => {
    const engine = `docker/${randomUUID()}`;
    const look = (kind: 'container' | 'network', count: number): OrphanLook => ({
      workerId: 'one',
      everyMs: 60_000,
      counts: [{ engine, kind, orphans: count }],
      removed: [],
    });
    const shown = async () => {
      await countOrphans(core.anotherServer());
      const { values } = await orphans.get();
      return values
        .filter(({ labels }) => labels.engine === engine)
        .map(({ labels, value }) => `${labels.kind} ${value}`);
    };
    await takeLook(core.context, look('container', 2));
    await takeLook(core.anotherServer(), look('network', 1));
    expect((await shown()).toSorted()).toEqual(['container 2', 'network 1']);
    await takeLook(core.context, { ...look('container', 0), workerId: 'two' });
    core.passTime(170_000);
    await takeLook(core.context, look('network', 0));
    core.passTime(20_000);
    expect(await shown()).toEqual(['network 0']);
  });

  test('a removal is counted and stands among the events of its run, with its reason', async () => {
    const claim = await claimed();
    const { runId } = claim;
    await reportEnd(core.context, claim, done);
    const engine = `docker/${randomUUID()}`;
    const removal = { engine, kind: 'container', name: 'x-1', reason: 'because' } as const;
    await takeLook(core.context, {
      workerId: 'two',
      everyMs: 60_000,
      counts: [],
      removed: [
        { ...removal, attempt: { runId, stage: 'test', attempt: 1 } },
        { ...removal, attempt: { attemptId: claim.attemptId } },
        { ...removal, attempt: { runId: randomUUID(), stage: 'test', attempt: 1 } },
      ],
    });
    const events = await core.context.db
      .selectFrom('run_events')
      .select('event')
      .where('run_id', '=', runId)
      .orderBy('seq')
      .execute();
    const message = `two removed the container x-1 from ${engine}: because`;
    const repaired = { kind: 'repaired', stage: 'test', repair: 'orphan-removed', message };
    expect(events.map(({ event }) => event).slice(-2)).toMatchObject([repaired, repaired]);
    const { values } = await orphansRemoved.get();
    expect(values.find(({ labels }) => labels.engine === engine)).toMatchObject({ value: 3 });
  });
});
