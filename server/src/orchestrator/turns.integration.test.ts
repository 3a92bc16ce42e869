import type { Concurrency, WhenBusy } from '@sluice/pipelines/language/definition';
import { aPlan } from '@sluice/pipelines/plan/a-plan';
import type { Plan } from '@sluice/pipelines/plan/plan';
import type { RunState, StageState } from '@sluice/pipelines/run/run-state';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ServerContext } from '../context.ts';
import { findRun, isPlanned } from '../store/run-store.ts';
import { carrySteps } from './carry-steps.ts';
import { claimAttempt } from './claim-attempt.ts';
import { reportEnd } from './report-end.fixture.ts';
import { requestCancel } from './request-cancel.ts';
import { startOrchestrator } from './start-orchestrator.ts';
import { openTestCore, redisUrl, type TestCore } from './test-core.ts';

let groups = 0;
const aGroup = (whenBusy: WhenBusy = 'queue'): Concurrency => ({ group: `group-${(groups += 1)}`, whenBusy });
const grouped = (concurrency: Concurrency): Plan => ({ ...aPlan().stage('test').done(), concurrency });
const withDeploy = (concurrency: Concurrency): Plan => {
  const plan = aPlan()
    .stage('test')
    .stage('deploy', { needs: ['test'] })
    .done();
  return {
    ...plan,
    stages: plan.stages.map((stage) => (stage.id === 'deploy' ? { ...stage, concurrency } : stage)),
  };
};

describe.skipIf(redisUrl === undefined)('concurrency groups (needs REDIS_URL)', () => {
  let core: TestCore;
  let servers: readonly ServerContext[];
  let orchestrators: readonly { close(): Promise<void> }[] = [];
  beforeAll(async () => {
    core = await openTestCore();
    servers = [core.context, core.anotherServer(), core.anotherServer()];
  });
  beforeEach(() => {
    orchestrators = servers.map(startOrchestrator);
  });
  afterEach(async () => {
    await Promise.all(orchestrators.map((each) => each.close()));
    expect(await core.context.db.selectFrom('group_tickets').selectAll().execute()).toEqual([]);
  });
  afterAll(() => core.close());

  const stateOf = async (runId: string): Promise<RunState> => {
    const run = await findRun(core.context.db, runId);
    if (run === null || !isPlanned(run)) throw new Error(`there is no run ${runId}`);
    return run.content.state;
  };
  const stageOf = async (runId: string, stage: string): Promise<StageState> => {
    const found = (await stateOf(runId)).stages[stage];
    if (found === undefined) throw new Error(`there is no stage ${stage}`);
    return found;
  };
  const begins = async (runId: string, stage = 'test'): Promise<void> =>
    await expect
      .poll(async () => await stageOf(runId, stage), { timeout: 20_000 })
      .toSatisfy((state: StageState) => state.status === 'queued' && state.awaitsTurn === undefined);
  const ends = async (runId: string, stage = 'test'): Promise<void> => {
    const request = { runId, stage, attempt: 1, workerId: 'w' };
    const answer = await claimAttempt(core.context, request);
    if (answer.kind === 'refused') throw new Error(`${stage}: ${answer.reason}`);
    await reportEnd(core.context, answer.claim, { result: 'succeeded', outputs: {} });
  };
  const cancel = (runId: string) => requestCancel(core.context, runId, 'ada', 'enough');

  test('runs of a group that several servers start at once go one by one, in the order of their numbers', async () => {
    const plan = grouped(aGroup());
    const ids = await Promise.all(
      Array.from({ length: 9 }, (_, index) => core.start(plan, { on: servers[index % 3] ?? core.context })),
    );
    const runs = await Promise.all(ids.map((id) => findRun(core.context.db, id)));
    const inOrder = runs.toSorted((a, b) => (a?.number ?? 0) - (b?.number ?? 0)).map((run) => run?.id ?? '');
    for (const [index, id] of inOrder.entries()) {
      await begins(id);
      const waiting = await Promise.all(inOrder.slice(index + 1).map(async (each) => stageOf(each, 'test')));
      expect(waiting.every(({ status }) => status === 'waiting')).toBe(true);
      await ends(id);
    }
  });

  test('a stage waits for the older run that has not reached it yet, and begins when that one has ended', async () => {
    const plan = withDeploy(aGroup());
    const older = await core.start(plan);
    const newer = await core.start(plan);
    await ends(newer);
    expect(await stageOf(newer, 'deploy')).toMatchObject({
      status: 'queued',
      awaitsTurn: expect.any(String),
    });
    await ends(older);
    await begins(older, 'deploy');
    await ends(older, 'deploy');
    await begins(newer, 'deploy');
    await ends(newer, 'deploy');
  });

  test('a run that is cancelled while it waits has run nothing, and lets the next one begin', async () => {
    const plan = grouped(aGroup());
    const [first, second, third] = [await core.start(plan), await core.start(plan), await core.start(plan)];
    await begins(first);
    await cancel(second);
    expect(await stateOf(second)).toMatchObject({ status: 'cancelled' });
    await ends(first);
    await begins(third);
    await ends(third);
  });

  test('cancel_older ends the older runs with the number of the newer one, and then begins', async () => {
    const plan = grouped(aGroup('cancel_older'));
    const older = await core.start(plan);
    await begins(older);
    const newer = await core.start(plan);
    await begins(newer);
    const number = (await findRun(core.context.db, newer))?.number;
    expect(await stateOf(older)).toMatchObject({
      status: 'cancelled',
      cancel: { by: 'sluice', reason: expect.stringContaining(`run #${number} of concurrency group`) },
    });
    await ends(newer);
  });

  test('skip ends the newcomer with what its group is busy with', async () => {
    const plan = grouped(aGroup('skip'));
    const busy = await core.start(plan);
    await begins(busy);
    const newer = await core.start(plan);
    await expect.poll(async () => (await stateOf(newer)).status, { timeout: 20_000 }).toBe('cancelled');
    expect((await stateOf(newer)).cancel?.reason).toMatch(/is busy with run #\d+, and when_busy is skip/);
    await ends(busy);
  });

  test('a stage with skip is skipped while its group is busy, and its run goes on', async () => {
    const plan = withDeploy(aGroup('skip'));
    const [busy, newer] = [await core.start(plan), await core.start(plan)];
    await ends(busy);
    await begins(busy, 'deploy');
    await ends(newer);
    await expect
      .poll(async () => (await stageOf(newer, 'deploy')).status, { timeout: 20_000 })
      .toBe('skipped');
    expect((await stateOf(newer)).status).toBe('succeeded');
    await ends(busy, 'deploy');
  });

  test('a group is not lost with the server that was about to give its turn', async () => {
    await Promise.all(orchestrators.map((each) => each.close()));
    orchestrators = [];
    const plan = grouped(aGroup());
    const [first, second] = [await core.start(plan), await core.start(plan)];
    await carrySteps(core.context);
    await ends(first); // stored, and then the server was killed
    expect(await stateOf(second)).toMatchObject({ awaitsTurn: expect.anything() });
    orchestrators = [startOrchestrator(core.anotherServer())];
    await begins(second);
    await ends(second);
  });
});
