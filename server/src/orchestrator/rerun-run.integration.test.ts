import { aPlan } from '@sluice/pipelines/plan/a-plan';
import type { StageOutcome } from '@sluice/pipelines/run/run-state';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findRun } from '../store/run-store.ts';
import { runView } from '../views/run-view.ts';
import { claimAttempt } from './claim-attempt.ts';
import { requestCancel, requestStageCancel } from './request-cancel.ts';
import { previewRerun, rerunRun } from './rerun-run.ts';
import { openTestCore, redisUrl, type TestCore } from './test-core.ts';
import { reportEnd } from './report-end.fixture.ts';

const by = { user: 'grace', from: '192.0.2.7' };

describe.skipIf(redisUrl === undefined)('running a run again (needs REDIS_URL)', () => {
  let core: TestCore;
  beforeAll(async () => {
    core = await openTestCore();
  });
  afterAll(() => core.close());

  const plan = aPlan()
    .stage('build')
    .stage('test', { needs: ['build'] })
    .done();
  const exit1: StageOutcome = {
    result: 'failed',
    failure: { class: 'failed', message: 'exit 1', exitCode: 1 },
  };

  const finish = async (runId: string, stage: string, outcome: StageOutcome) => {
    const answer = await claimAttempt(core.context, { runId, stage, attempt: 1, workerId: 'w' });
    if (answer.kind === 'refused') throw new Error(answer.reason);
    await reportEnd(core.context, answer.claim, outcome);
    return answer.claim;
  };

  test('the failed part runs with the outputs that were kept, and both runs know of each other', async () => {
    const runId = await core.start(plan);
    const built = await finish(runId, 'build', { result: 'succeeded', outputs: { version: '7' } });
    await finish(runId, 'test', exit1);
    const first = await runView(core.context.db, runId);

    const started = await rerunRun(core.context, runId, { what: 'failed', current: null, debug: false, by });
    if (!started.ok) throw new Error(started.error.message);
    const second = await runView(core.context.db, started.value.runId);
    expect(second).toMatchObject({
      rerunOf: { runId, number: first?.number, by: 'grace', what: 'failed' },
      state: { stages: { build: { status: 'succeeded', reason: `kept from run #${first?.number}` } } },
    });
    // The kept stage's log is the one of its own attempt.
    expect(second?.attempts.find((attempt) => attempt.stage === 'build')?.id).toBe(built.attemptId);
    expect(await runView(core.context.db, runId)).toMatchObject({ reruns: [{ number: second?.number }] });

    const claim = await finish(started.value.runId, 'test', { result: 'succeeded', outputs: {} });
    expect(claim.outputs).toEqual({ build: { version: '7' } });
    expect((await findRun(core.context.db, started.value.runId))?.status).toBe('succeeded');
    expect(await lastAudit()).toMatchObject({ who: 'grace', from_address: '192.0.2.7', what: 'run-rerun' });
  });

  test('a run that goes on is not run again, and one whose stages all succeeded has no failed part', async () => {
    const runId = await core.start(plan);
    expect(
      await rerunRun(core.context, runId, { what: 'all', current: null, debug: false, by }),
    ).toMatchObject({
      error: { reason: 'run-not-ended' },
    });
    await finish(runId, 'build', { result: 'succeeded', outputs: {} });
    await finish(runId, 'test', { result: 'succeeded', outputs: {} });
    expect(await previewRerun(core.context, runId, { what: 'failed', current: null })).toMatchObject({
      error: { reason: 'nothing-failed' },
    });
    expect(await previewRerun(core.context, runId, { what: { from: 'test' }, current: null })).toMatchObject({
      value: [
        { stage: 'build', kept: true },
        { stage: 'test', kept: false },
      ],
    });
  });

  test('a run that can only fail says so while its other stages still run', async () => {
    const runId = await core.start(aPlan().stage('test').stage('slow').done());
    await finish(runId, 'test', exit1);
    expect(await runView(core.context.db, runId)).toMatchObject({
      status: 'running',
      willFail: { stage: 'test', message: 'exit 1' },
    });
  });

  test('a second cancel reaches the worker as a forced one, and its stage is told apart from the run', async () => {
    const runId = await core.start(aPlan().stage('one').stage('two').done());
    const request = (stage: string) =>
      claimAttempt(core.context, { runId, stage, attempt: 1, workerId: 'w' });
    await Promise.all([request('one'), request('two')]);
    const asked = async () => {
      const rows = await core.context.db
        .selectFrom('attempts')
        .select(['stage', 'cancel_reason', 'cancel_forced'])
        .where('run_id', '=', runId)
        .orderBy('stage')
        .execute();
      return rows.map((row) => [row.stage, row.cancel_reason !== null, row.cancel_forced]);
    };
    await requestStageCancel(core.context, { runId, stage: 'one' }, 'ada', 'hangs');
    expect(await asked()).toEqual([
      ['one', true, false],
      ['two', false, false],
    ]);
    await requestCancel(core.context, runId, 'ada', 'enough', true);
    expect(await asked()).toEqual([
      ['one', true, false],
      ['two', true, false],
    ]);
    await requestCancel(core.context, runId, 'grace', '', true);
    expect(await asked()).toEqual([
      ['one', true, true],
      ['two', true, true],
    ]);
  });

  const lastAudit = () =>
    core.context.db.selectFrom('audit').selectAll().orderBy('id', 'desc').executeTakeFirst();
});
