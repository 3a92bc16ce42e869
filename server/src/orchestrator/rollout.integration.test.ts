import { aPlan } from '@sluice/pipelines/plan/a-plan';
import { freezeRules, noFreeze, type FreezeRules } from '@sluice/pipelines/freeze/freeze-rules';
import type { DeployWork } from '@sluice/pipelines/language/definition';
import { actionJob, actionQueue, defaultPool } from '@sluice/pipelines/protocol/queues';
import { aSpec, simulateTarget, type World } from '@sluice/pipelines/rollout/rollout-rig';
import type { ActionResult, Observation } from '@sluice/pipelines/rollout/rollout-state';
import { Worker } from 'bullmq';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { hashDecision } from '../store/hash-decision.ts';
import { saveEnvironment } from '../store/environment-store.ts';
import { listAudit } from '../store/audit-store.ts';
import { findRollout } from '../store/rollout-store.ts';
import { listDecisions, newestDecisionHash } from '../store/decision-store.ts';
import { readLogLines } from '../store/log-store.ts';
import { findRun } from '../store/run-store.ts';
import { environmentViews, releaseViews } from '../views/environment-view.ts';
import { preflightView } from '../views/preflight-view.ts';
import { replayView } from '../views/replay-view.ts';
import { rolloutView } from '../views/rollout-view.ts';
import { runView } from '../views/run-view.ts';
import { runWaits } from '../views/waits-view.ts';
import { breakGlass } from './break-glass.ts';
import { castVote } from './cast-vote.ts';
import { hearHeartbeat } from '../ingest/heartbeat.ts';
import { claimAction } from './claim-action.ts';
import { claimAttempt } from './claim-attempt.ts';
import { reportAction } from './report-action.ts';
import { requestCancel } from './request-cancel.ts';
import { rollBackEnvironment } from './roll-back-environment.ts';
import { saveFreezeWindows } from './save-freeze-windows.ts';
import { startOrchestrator } from './start-orchestrator.ts';
import { steerRollout } from './steer-rollout.ts';
import { ingestRecords } from '../ingest/ingest-records.ts';
import { createHash } from 'node:crypto';
import { openTestCore, redisUrl, type TestCore } from './test-core.ts';

describe.skipIf(redisUrl === undefined)('deploy and approve stages (needs REDIS_URL)', () => {
  let core: TestCore;
  let orchestrator: { close(): Promise<void> };
  let worker: { close(): Promise<void> };
  beforeAll(async () => {
    core = await openTestCore();
    for (const name of [
      'one',
      'two',
      'three',
      'four',
      'five',
      'six',
      'seven',
      'eight',
      'nine',
      'ten',
      'eleven',
      'twelve',
    ]) {
      const target = { kind: 'docker', service: name, listenHost: '127.0.0.1', listenPort: 80 } as const;
      await core.context.db.transaction().execute((trx) => saveEnvironment(trx, { name, target, at: 0 }));
    }
  });
  beforeEach(() => {
    orchestrator = startOrchestrator(core.context);
  });
  afterEach(async () => {
    await worker?.close();
    await orchestrator.close();
  });
  afterAll(() => core.close());

  test('a good canary is promoted, on a chain of decisions that anyone can check', async () => {
    worker = workOnTarget(core, {});
    const runId = await startDeploy(core, aDeploy('one'));
    await expect.poll(() => statusOf(core, runId)).toBe('succeeded');
    const run = await runView(core.context.db, runId);
    const rollout = await rolloutView(core.context.db, run?.rollouts[0]?.id ?? '');
    expect(rollout?.rollout.phase.name).toBe('succeeded');
    expect(rollout?.history.length).toBeGreaterThan(0);
    let previous: string | null = null;
    for (const { hash, previousHash, ...decision } of rollout?.decisions ?? []) {
      expect(previousHash).toBe(previous);
      expect(hashDecision(decision, previousHash)).toBe(hash);
      previous = hash;
    }
    expect(await replayView(core.context.db, rollout?.id ?? '')).toMatchObject({
      isSame: true,
      brokenChainAt: null,
      ends: { recorded: 'succeeded', replayed: 'succeeded' },
    });
    const attempt = run?.attempts.find(({ stage }) => stage === 'deploy');
    expect(attempt?.log?.verified).toBe(true);
    const [environment] = (await environmentViews(core.context.db, core.context.now())).filter(
      ({ name }) => name === 'one',
    );
    expect(environment?.current).toMatchObject({
      runId,
      outcome: 'succeeded',
      image: 'registry/shop@sha256:1',
    });
  });

  test('what the gate would do on the past of a service is said before it begins, and can be asked again', async () => {
    const { db } = core.context;
    expect(await preflightView(db, 'eleven', aDeploy('eleven'))).toMatchObject({
      error: { reason: 'past-unknown' },
    });
    expect(await preflightView(db, 'eleven', null)).toMatchObject({ error: { reason: 'no-release' } });
    expect(await preflightView(db, 'nowhere', null)).toMatchObject({
      error: { reason: 'unknown-environment' },
    });
    const requests = Array.from({ length: 864 }, () => 300_000);
    const errors = { everyMs: 300_000, requests, bad: requests.map((count) => count / 100) };
    worker = workOnTarget(core, {}, { errors });
    const runId = await startDeploy(core, aDeploy('eleven', { budget: 0.999 }));
    await expect.poll(() => statusOf(core, runId)).toBe('succeeded');
    const run = await runView(db, runId);
    const rollout = await rolloutView(db, run?.rollouts[0]?.id ?? '');
    expect(rollout?.rollout.preflight).toMatchObject({ requestsPerSecond: 1_000, badShare: 0.01 });
    const attemptId = run?.attempts.find(({ stage }) => stage === 'deploy')?.id ?? '';
    const log = JSON.stringify(await readLogLines(db, attemptId, 0, 100));
    expect(log).toContain('preflight on the last 72 hours of this service: 1,000 requests a second now');
    const again = await preflightView(db, 'eleven', null);
    expect(again).toMatchObject({ ok: true, value: { preflight: rollout?.rollout.preflight } });
    const rolling = aDeploy('eleven', { strategy: 'rolling', steps: [] });
    expect(await preflightView(db, 'eleven', rolling)).toMatchObject({
      error: { reason: 'nothing-to-decide' },
    });
    expect(await replayView(db, rollout?.id ?? '')).toMatchObject({ isSame: true });
  });

  test('a bad canary is rolled back, and its stage shows that', async () => {
    worker = workOnTarget(core, { canaryBadRate: 0.2 });
    const runId = await startDeploy(core, aDeploy('two'));
    await expect.poll(() => statusOf(core, runId)).toBe('failed');
    const run = await runView(core.context.db, runId);
    expect(run?.stages.find(({ id }) => id === 'deploy')?.status).toBe('rolled-back');
    const [environment] = (await environmentViews(core.context.db, core.context.now())).filter(
      ({ name }) => name === 'two',
    );
    expect(environment?.current).toBeNull();
    expect(environment?.history).toMatchObject([{ outcome: 'rolled-back' }]);
  });

  test('what the guard in the cluster has given back is rolled back, replayed to the same end, and audited', async () => {
    const target = { kind: 'docker', service: 'guarded', listenHost: '127.0.0.1', listenPort: 80 } as const;
    await core.context.db
      .transaction()
      .execute((trx) => saveEnvironment(trx, { name: 'guarded', target, at: 0 }));
    let hasTraffic = false;
    worker = workOnTarget(core, {
      fails: ({ kind }) => {
        hasTraffic ||= kind === 'set-weight';
        const isTaken = hasTraffic && kind === 'observe';
        return isTaken ? { reason: 'guard-restored', retryable: false } : null;
      },
    });
    const runId = await startDeploy(core, aDeploy('guarded'));
    await expect.poll(() => statusOf(core, runId)).toBe('failed');
    const run = await runView(core.context.db, runId);
    expect(run?.stages.find(({ id }) => id === 'deploy')?.status).toBe('rolled-back');
    const rolloutId = run?.rollouts[0]?.id ?? '';
    const view = await rolloutView(core.context.db, rolloutId);
    expect(view?.decisions.at(-1)).toMatchObject({ kind: 'roll-back', by: 'guard', reason: 'as simulated' });
    expect(await replayView(core.context.db, rolloutId)).toMatchObject({
      isSame: true,
      ends: { recorded: 'rolled-back', replayed: 'rolled-back' },
    });
    const audit = await listAudit(core.context.db, { before: null, limit: 20 });
    expect(audit.filter(({ subject }) => subject === rolloutId)).toMatchObject([
      { who: 'guard', action: 'rollout-given-back' },
    ]);
  });

  test('an approval inside a rollout counts only with the newest evidence, and not from its author', async () => {
    worker = workOnTarget(core, {});
    const approval = { by: [], count: 1, withinMs: 60_000, notAuthor: true };
    const runId = await startDeploy(
      core,
      aDeploy('three', {
        steps: [
          { kind: 'set-weight', percent: 10 },
          { kind: 'analysis', forMs: 1_000 },
          { kind: 'approve', approval },
        ],
      }),
    );
    await expect.poll(() => statusOf(core, runId)).toBe('awaiting-approval');
    const run = await runView(core.context.db, runId);
    const rolloutId = run?.rollouts[0]?.id ?? '';
    const decisionHash = await newestDecisionHash(core.context.db, rolloutId);
    const vote = (user: string, hash: string | null) =>
      castVote(core.context, { runId, stage: 'deploy' }, user, {
        verdict: 'approved',
        reason: null,
        decisionHash: hash,
      });
    const older = (await listDecisions(core.context.db, rolloutId)).at(-2)?.hash ?? null;
    expect(await vote('grace', older)).toMatchObject({ ok: false, error: { reason: 'stale-evidence' } });
    expect(await vote('ada', decisionHash)).toMatchObject({ ok: false, error: { reason: 'may-not-vote' } });
    expect(await vote('grace', decisionHash)).toMatchObject({ ok: true });
    await expect.poll(() => statusOf(core, runId)).toBe('succeeded');
  });

  test('an approval by too few, by the author, for another image or too late lets nothing on, and is audited', async () => {
    worker = workOnTarget(core, {});
    const approval = { by: [], count: 2, withinMs: 60_000, notAuthor: true };
    const steps = [
      { kind: 'set-weight', percent: 10 },
      { kind: 'approve', approval },
    ] as const;
    const runId = await startDeploy(core, aDeploy('nine', { steps }));
    await expect.poll(() => statusOf(core, runId)).toBe('awaiting-approval');
    const id = (await runView(core.context.db, runId))?.rollouts[0]?.id ?? '';
    const vote = async (
      user: string,
      seen: { readonly image?: string; readonly on?: TestCore['context'] } = {},
    ) =>
      castVote(seen.on ?? core.context, { runId, stage: 'deploy' }, user, {
        verdict: 'approved',
        reason: null,
        decisionHash: await newestDecisionHash(core.context.db, id),
        image: seen.image ?? 'registry/shop@sha256:1',
      });
    const atTen = async () => {
      expect((await findRollout(core.context.db, id))?.state).toMatchObject({
        phase: { name: 'awaiting-approval' },
        weightPercent: 10,
      });
    };
    expect(await vote('ada')).toMatchObject({ error: { reason: 'may-not-vote' } });
    expect(await vote('grace', { image: 'registry/shop@sha256:2' })).toMatchObject({
      error: { reason: 'other-image', message: expect.stringContaining('registry/shop@sha256:1') },
    });
    expect(await vote('grace')).toMatchObject({ ok: true });
    await atTen();
    expect(await vote('grace')).toMatchObject({ error: { reason: 'already-voted' } });
    const late = { ...core.context, now: () => core.context.now() + 61_000 };
    expect(await vote('eve', { on: late })).toMatchObject({ error: { reason: 'too-late' } });
    await atTen();
    core.passTime(61_000);
    await expect.poll(() => statusOf(core, runId)).toBe('failed');
    expect((await findRollout(core.context.db, id))?.state).toMatchObject({
      phase: { name: 'rolled-back', reason: expect.stringContaining('approval expired: 1 of 2') },
      weightPercent: 0,
    });
    expect(await vote('eve')).toMatchObject({ error: { reason: 'nothing-to-vote-on' } });
    const audit = await listAudit(core.context.db, { before: null, limit: 50 });
    expect(
      audit
        .filter(({ subject }) => subject === `${runId}/deploy`)
        .map(({ who, action }) => `${who} ${action}`),
    ).toEqual([
      'eve vote-refused',
      'eve vote-refused',
      'grace vote-refused',
      'grace stage-approved',
      'grace vote-refused',
      'ada vote-refused',
    ]);
  });

  test('a third version in the middle of a canary leaves one rollout, and the traffic with what was there', async () => {
    worker = workOnTarget(core, {});
    const rolling = aDeploy('ten', { strategy: 'rolling', steps: [] });
    const first = await startDeploy(core, rolling, 'registry/shop@sha256:0');
    await expect.poll(() => statusOf(core, first)).toBe('succeeded');
    const pause = { kind: 'pause', forMs: null } as const;
    const canary = aDeploy('ten', { steps: [{ kind: 'set-weight', percent: 10 }, pause] });
    const phaseOf = async (runId: string) => (await runView(core.context.db, runId))?.rollouts[0]?.phase;
    const second = await startDeploy(core, canary);
    await expect.poll(() => phaseOf(second)).toBe('paused');
    const third = await startDeploy(core, canary, 'registry/shop@sha256:2');
    const fourth = await startDeploy(core, canary, 'registry/shop@sha256:3');
    await expect.poll(() => phaseOf(fourth), { timeout: 20_000 }).toBe('paused');
    expect([await statusOf(core, second), await statusOf(core, third)]).toEqual(['cancelled', 'cancelled']);
    expect(await phaseOf(second)).toBe('rolled-back');
    expect(await phaseOf(third)).toBe('refused');
    await requestCancel(core.context, fourth, 'grace', 'enough');
    await expect.poll(() => phaseOf(fourth)).toBe('rolled-back');
    const [environment] = (await environmentViews(core.context.db, core.context.now())).filter(
      ({ name }) => name === 'ten',
    );
    expect(environment).toMatchObject({ current: { image: 'registry/shop@sha256:0' }, activeRollout: null });
  });

  test('a newer run supersedes a rollout: the older rolls back first; then one click goes back', async () => {
    worker = workOnTarget(core, {});
    const pause = aDeploy('four', {
      steps: [
        { kind: 'set-weight', percent: 10 },
        { kind: 'pause', forMs: null },
      ],
    });
    const first = await startDeploy(
      core,
      aDeploy('four', { strategy: 'rolling', steps: [] }),
      'registry/shop@sha256:0',
    );
    await expect.poll(() => statusOf(core, first)).toBe('succeeded');
    const older = await startDeploy(core, pause);
    await expect.poll(async () => (await runView(core.context.db, older))?.rollouts[0]?.phase).toBe('paused');
    const newer = await startDeploy(
      core,
      aDeploy('four', { strategy: 'rolling', steps: [] }),
      'registry/shop@sha256:2',
    );
    await expect.poll(() => statusOf(core, newer)).toBe('succeeded');
    expect(await statusOf(core, older)).toBe('cancelled');
    const back = await rollBackEnvironment(core.context, 'four', {
      releaseId: null,
      by: { user: 'grace', from: null },
      reason: 'slow',
    });
    if (!back.ok) throw new Error(back.error.message);
    await expect.poll(() => statusOf(core, back.value.runId)).toBe('succeeded');
    const [environment] = (await environmentViews(core.context.db, core.context.now())).filter(
      ({ name }) => name === 'four',
    );
    expect(environment?.current).toMatchObject({ image: 'registry/shop@sha256:0', by: 'grace' });
    const { db } = core.context;
    const [newest, second] = (await releaseViews(db, 'four', { before: null, limit: 2 })) ?? [];
    expect(newest?.id).toBe(environment?.current?.id);
    expect(await rolloutView(db, newest?.rolloutId ?? '')).toMatchObject({ runId: back.value.runId });
    const before = await releaseViews(db, 'four', { before: second?.at ?? 0, limit: 50 });
    expect(before).toHaveLength((environment?.history.length ?? 0) - 2);
    expect(await releaseViews(db, 'nowhere', { before: null, limit: 2 })).toBeNull();
  });

  test('cancelling a run rolls its rollout back before the stage ends', async () => {
    worker = workOnTarget(core, {});
    const runId = await startDeploy(core, aDeploy('five', { steps: [{ kind: 'pause', forMs: null }] }));
    await expect.poll(async () => (await runView(core.context.db, runId))?.rollouts[0]?.phase).toBe('paused');
    await requestCancel(core.context, runId, 'grace', 'wrong branch');
    await expect.poll(() => statusOf(core, runId)).toBe('cancelled');
    expect((await runView(core.context.db, runId))?.rollouts[0]?.phase).toBe('rolled-back');
  });

  test('an action that its worker names no longer is given out again at once, one that it names is kept', async () => {
    const runId = await startDeploy(core, aDeploy('six'));
    await expect.poll(async () => (await runView(core.context.db, runId))?.rollouts.length).toBe(1);
    const rolloutId = (await runView(core.context.db, runId))?.rollouts[0]?.id ?? '';
    const claimBy = (workerId: string) => claimAction(core.context, { rolloutId, action: 1, workerId });
    const given = await claimBy('dies');
    if (given.kind === 'refused') throw new Error(given.reason);
    const later = { ...core.context, now: () => core.context.now() + 6_000 };
    const beat = { workerId: 'dies', pool: 'default', slots: 1, attempts: [] };
    const { fence } = given.claim;
    await hearHeartbeat(later, { ...beat, actions: [{ rolloutId, action: 1, fence }] });
    expect(await claimAction(later, { rolloutId, action: 1, workerId: 'other' })).toMatchObject({
      reason: 'held',
    });
    const muchLater = { ...core.context, now: () => core.context.now() + 12_000 };
    await hearHeartbeat(muchLater, { ...beat, actions: [] });
    const afterwards = { ...core.context, now: () => core.context.now() + 12_100 };
    expect(await claimAction(afterwards, { rolloutId, action: 1, workerId: 'other' })).toMatchObject({
      kind: 'claimed',
    });
  });

  test('a person holds a rollout, is told what cannot be done, and promotes it early, all under a name', async () => {
    worker = workOnTarget(core, {});
    const ada = { user: 'ada', from: null };
    const analysis = { kind: 'analysis', forMs: 3_600_000, whole: true } as const;
    const steps = [{ kind: 'set-weight', percent: 10 } as const, analysis];
    const runId = await startDeploy(core, aDeploy('twelve', { steps }));
    const rollout = async () => (await runView(core.context.db, runId))?.rollouts[0];
    await expect.poll(async () => (await rollout())?.phase).toBe('analysing');
    const id = (await rollout())?.id ?? '';
    expect(await steerRollout(core.context, id, 'hold', ada, 'the night is long')).toMatchObject({
      ok: true,
    });
    expect((await rollout())?.phase).toBe('paused');
    expect(await steerRollout(core.context, id, 'hold', ada, 'again')).toMatchObject({
      error: { reason: 'cannot-hold', message: 'it waits for a person already' },
    });
    expect(await steerRollout(core.context, id, 'promote', ada, 'seen enough')).toMatchObject({ ok: true });
    await expect.poll(() => statusOf(core, runId)).toBe('succeeded');
    expect(await steerRollout(core.context, id, 'promote', ada, 'again')).toMatchObject({
      error: { reason: 'rollout-ended' },
    });
    expect((await listDecisions(core.context.db, id)).map(({ kind, by }) => [kind, by])).toEqual([
      ['hold', 'ada'],
      ['promote', 'ada'],
      ['promote', 'judge'],
    ]);
    const audit = await listAudit(core.context.db, { before: null, limit: 50 });
    expect(audit.filter(({ subject }) => subject === id).map(({ action }) => action)).toEqual([
      'rollout-promoted',
      'rollout-held',
    ]);
  });

  test('a freeze holds a rollout, and a glass that is broken lets it through under a name', async () => {
    worker = workOnTarget(core, {});
    await freeze(core, 'seven', always);
    const runId = await startDeploy(core, aDeploy('seven', { strategy: 'rolling', steps: [] }));
    const rollout = async () => (await runView(core.context.db, runId))?.rollouts[0];
    await expect.poll(async () => (await rollout())?.phase).toBe('frozen');
    expect(await runWaits(core.context.db, runId, core.context.now())).toMatchObject([
      { stage: 'deploy', why: { kind: 'frozen', environment: 'seven', window: 'always', until: null } },
    ]);
    const id = (await rollout())?.id ?? '';
    const grace = { user: 'grace', from: '192.0.2.1' };
    expect(await steerRollout(core.context, id, 'resume', grace, 'now')).toMatchObject({
      error: { reason: 'rollout-frozen' },
    });
    await freeze(core, 'seven', { ...always, breakGlass: ['ada'] });
    await expect
      .poll(async () => (await findRollout(core.context.db, id))?.state.freeze?.breakGlass)
      .toEqual(['ada']);
    expect(await breakGlass(core.context, id, grace, 'now')).toMatchObject({
      error: { reason: 'may-not-break-glass', message: expect.stringContaining('Only ada may') },
    });
    expect(await breakGlass(core.context, id, { user: 'ada', from: null }, 'security fix')).toMatchObject({
      ok: true,
    });
    await expect.poll(() => statusOf(core, runId)).toBe('succeeded');
    expect((await listDecisions(core.context.db, id)).map(({ kind, by }) => [kind, by])).toEqual([
      ['freeze', 'judge'],
      ['break-glass', 'ada'],
      ['promote', 'judge'],
    ]);
    const audit = await listAudit(core.context.db, { before: null, limit: 50 });
    expect(audit.filter(({ subject }) => subject === id)).toMatchObject([
      { action: 'freeze-glass-broken', who: 'ada' },
    ]);
    expect(await breakGlass(core.context, id, grace, 'again')).toMatchObject({
      error: { reason: 'not-frozen' },
    });
  });

  test('a frozen rollout goes on when its windows are changed, and an earlier release may always be put back', async () => {
    worker = workOnTarget(core, {});
    const rolling = aDeploy('eight', { strategy: 'rolling', steps: [] });
    const first = await startDeploy(core, rolling, 'registry/shop@sha256:0');
    await expect.poll(() => statusOf(core, first)).toBe('succeeded');
    await freeze(core, 'eight', always);
    const second = await startDeploy(core, rolling);
    await expect
      .poll(async () => (await runView(core.context.db, second))?.rollouts[0]?.phase)
      .toBe('frozen');
    await freeze(core, 'eight', noFreeze);
    await expect.poll(() => statusOf(core, second)).toBe('succeeded');
    await freeze(core, 'eight', always);
    const back = await rollBackEnvironment(core.context, 'eight', {
      releaseId: null,
      by: { user: 'grace', from: null },
      reason: 'slow',
    });
    if (!back.ok) throw new Error(back.error.message);
    await expect.poll(() => statusOf(core, back.value.runId)).toBe('succeeded');
  });

  test('a deployment to an environment that does not exist says how to create it', async () => {
    const runId = await startDeploy(core, aDeploy('nowhere'));
    await expect.poll(() => statusOf(core, runId)).toBe('failed');
    const run = await runView(core.context.db, runId);
    expect(run?.state?.stages['deploy']).toMatchObject({
      failure: { message: expect.stringContaining('PUT /api/environments/nowhere') },
    });
  });

  test('an approve stage passes by a vote, whose log says who', async () => {
    const approval = { by: [], count: 1, withinMs: 60_000, notAuthor: false };
    const plan = aPlan()
      .stage('ask', { work: { kind: 'approve', approval } })
      .done();
    const runId = await core.start(plan);
    expect(await statusOf(core, runId)).toBe('awaiting-approval');
    const vote = { verdict: 'approved', reason: null, decisionHash: null } as const;
    expect(await castVote(core.context, { runId, stage: 'ask' }, 'grace', vote)).toMatchObject({ ok: true });
    expect(await statusOf(core, runId)).toBe('succeeded');
    const attempt = (await runView(core.context.db, runId))?.attempts[0];
    const lines = await readLogLines(core.context.db, attempt?.id ?? '', 0, 10);
    expect(lines.at(-1)?.text).toBe('approved by grace');
    expect(attempt?.log?.verified).toBe(true);
  });

  test('an approval that nobody gives expires', async () => {
    const approval = { by: [], count: 1, withinMs: 60_000, notAuthor: false };
    const runId = await core.start(
      aPlan()
        .stage('ask', { work: { kind: 'approve', approval } })
        .done(),
    );
    core.passTime(61_000);
    await expect.poll(() => statusOf(core, runId)).toBe('failed');
  });
});

const always = freezeRules.parse({
  windows: [
    {
      name: 'always',
      kind: 'deny',
      cron: '0 * * * *',
      duration: '2h',
      timezone: 'UTC',
      reason: 'no releases',
    },
  ],
});

async function freeze(core: TestCore, environment: string, rules: FreezeRules): Promise<void> {
  const by = { user: 'grace', from: null };
  expect(await saveFreezeWindows(core.context, environment, rules, by)).toBe(true);
}

const statusOf = async (core: TestCore, runId: string) => (await findRun(core.context.db, runId))?.status;

function aDeploy(environment: string, changes: Partial<DeployWork> = {}): DeployWork {
  return {
    ...aSpec().work,
    environment,
    image: 'push',
    container: { port: 80, replicas: 2, env: {}, health: '/' },
    steps: [
      { kind: 'set-weight', percent: 10 },
      { kind: 'analysis', forMs: 2_000 },
    ],
    intervalMs: 100,
    bakeMs: 0,
    drainMs: 0,
    ...changes,
  };
}

/** Starts a run whose push stage has given its image. */
async function startDeploy(
  core: TestCore,
  work: DeployWork,
  image = 'registry/shop@sha256:1',
): Promise<string> {
  const runId = await core.start(
    aPlan()
      .stage('push')
      .stage('deploy', { needs: ['push'], work })
      .done(),
  );
  const answer = await claimAttempt(core.context, { runId, stage: 'push', attempt: 1, workerId: 'w' });
  if (answer.kind === 'refused') throw new Error(answer.reason);
  const { attemptId, fence } = answer.claim;
  const outcome = { result: 'succeeded', outputs: { image } } as const;
  const logDigest = createHash('sha256').digest('hex');
  const at = core.context.now();
  const end = { kind: 'finished', number: 1, outcome, logLines: 0, logDigest, at } as const;
  await ingestRecords(core.context, attemptId, { fence, records: [end] });
  return runId;
}

function withDays(result: ActionResult, days: NonNullable<Observation['days']>): ActionResult {
  if (result.result !== 'done' || result.observation === null) return result;
  return { ...result, observation: { ...result.observation, days } };
}

/** A worker whose target is simulated, one a rollout. */
function workOnTarget(
  core: TestCore,
  world: Partial<World>,
  days: Observation['days'] = {},
): { close(): Promise<void> } {
  const targets = new Map<string, ReturnType<typeof simulateTarget>>();
  const connection = core.context.redis.duplicate({ maxRetriesPerRequest: null });
  const worker = new Worker(
    actionQueue(defaultPool),
    async (job) => {
      const { rolloutId, action } = actionJob.parse(job.data);
      const answer = await claimAction(core.context, { rolloutId, action, workerId: 'w' });
      if (answer.kind === 'refused') return;
      const { claim } = answer;
      const fresh = { startMs: 0, requestsPerSecond: 100_000, ...world };
      const target = targets.get(rolloutId) ?? simulateTarget(claim.spec, fresh, core.context.now());
      targets.set(rolloutId, target);
      const answered = target.answer(claim.what, core.context.now());
      const result =
        claim.what.kind === 'observe' && claim.what.history ? withDays(answered, days) : answered;
      await reportAction(core.context, rolloutId, action, {
        fence: claim.fence,
        result,
        lines: [claim.what.kind],
      });
    },
    { connection, prefix: core.context.queuePrefix },
  );
  return {
    async close() {
      await worker.close();
      connection.disconnect();
    },
  };
}
