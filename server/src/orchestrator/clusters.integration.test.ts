import { freezeRules, noFreeze } from '@sluice/pipelines/freeze/freeze-rules';
import { aPlan } from '@sluice/pipelines/plan/a-plan';
import type { DeployWork } from '@sluice/pipelines/language/definition';
import { actionJob, actionQueue, defaultPool, type ActionJob } from '@sluice/pipelines/protocol/queues';
import { aSpec, simulateTarget, type World } from '@sluice/pipelines/rollout/rollout-rig';
import { Worker } from 'bullmq';
import { sql } from 'kysely';
import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ingestRecords } from '../ingest/ingest-records.ts';
import { listAudit } from '../store/audit-store.ts';
import { newestDecisionHash } from '../store/decision-store.ts';
import { listLooks, placeKey, saveLook, wantLooks } from '../store/drift-store.ts';
import { saveEnvironment } from '../store/environment-store.ts';
import { readLogLines } from '../store/log-store.ts';
import { addToOutbox, type OutboxCommand } from '../store/outbox-store.ts';
import { findRollout } from '../store/rollout-store.ts';
import { findRun, lockRun } from '../store/run-store.ts';
import { environmentViews } from '../views/environment-view.ts';
import { replayView } from '../views/replay-view.ts';
import { rolloutView } from '../views/rollout-view.ts';
import { runView } from '../views/run-view.ts';
import { breakGlass } from './break-glass.ts';
import { castVote } from './cast-vote.ts';
import { claimAction } from './claim-action.ts';
import { claimAttempt } from './claim-attempt.ts';
import { reportAction } from './report-action.ts';
import { requestCancel } from './request-cancel.ts';
import { rollBackEnvironment } from './roll-back-environment.ts';
import { saveFreezeWindows } from './save-freeze-windows.ts';
import { startOrchestrator } from './start-orchestrator.ts';
import { steerRollout } from './steer-rollout.ts';
import { openTestCore, redisUrl, type TestCore } from './test-core.ts';

const old = 'registry/shop@sha256:0';
const wait = { timeout: 60_000 };

describe.skipIf(redisUrl === undefined)('environments with several clusters (need REDIS_URL)', () => {
  let core: TestCore;
  let orchestrator: { close(): Promise<void> };
  let clusters: Clusters;
  beforeAll(async () => {
    core = await openTestCore();
  });
  beforeEach(() => {
    orchestrator = startOrchestrator(core.context);
    clusters = workOnClusters(core);
  });
  afterEach(async () => {
    await clusters.close();
    await orchestrator.close();
  });
  afterAll(() => core.close());

  test('a version goes to the clusters wave by wave, and its whole story can be replayed', async () => {
    await aFleet(core, 'one', ['a', 'b', 'c']);
    const runId = await startDeploy(core, aDeploy('one'));
    await expect.poll(() => statusOf(core, runId), wait).toBe('succeeded');
    const run = await runView(core.context.db, runId);
    expect(run?.rollouts).toHaveLength(1);
    const view = await rolloutView(core.context.db, run?.rollouts[0]?.id ?? '');
    expect(view?.rollout.fleet?.clusters).toMatchObject({
      a: { status: 'delivered' },
      b: { status: 'delivered' },
      c: { status: 'delivered' },
    });
    expect(clusters.deployed('one').toSorted()).toEqual(['a', 'b', 'c']);
    for (const { rolloutId } of view?.clusters ?? []) {
      expect(await replayView(core.context.db, rolloutId ?? '')).toMatchObject({ isSame: true });
    }
    expect(await replayView(core.context.db, view?.id ?? '')).toMatchObject({
      isSame: true,
      ends: { recorded: 'succeeded', replayed: 'succeeded' },
    });
    const log = await logOf(core, runId);
    expect(log).toContainEqual(expect.stringMatching(/^wave 2 of 2: r\d+-\w+ goes to b, c$/));
    expect(log).toContainEqual(expect.stringMatching(/^c: promoting/));
    const environment = await environmentOf(core, 'one');
    expect(environment?.current).toMatchObject({ runId, outcome: 'succeeded' });
    expect(environment?.clusters).toMatchObject([
      { name: 'a', current: { runId } },
      { name: 'b', current: { runId } },
      { name: 'c', current: { runId } },
    ]);
  });

  test('a cluster that fails in wave 2 has wave 1 put back to what it had, by its own commit and image', async () => {
    await aFleet(core, 'two', ['a', 'b']);
    const first = await startDeploy(core, aDeploy('two'), old);
    await expect.poll(() => statusOf(core, first), wait).toBe('succeeded');
    clusters.worlds.set('b', { canaryBadRate: 0.5 });
    const second = await startDeploy(core, aDeploy('two'));
    await expect.poll(() => statusOf(core, second), wait).toBe('failed');
    const view = await leaderOf(core, second);
    expect(view?.rollout.phase.name).toBe('rolled-back');
    expect(view?.rollout.fleet?.clusters).toMatchObject({
      a: { status: 'returned', round: 1 },
      b: { status: 'returned', round: 0 },
    });
    const environment = await environmentOf(core, 'two');
    expect(environment?.current).toMatchObject({ runId: first });
    expect(environment?.clusters?.map(({ current }) => current?.image)).toEqual([old, old]);
    expect(clusters.images('two')).toEqual({ a: old, b: old });
  });

  test('with on_failure: stop the promoted clusters stay, and one click takes all of them back', async () => {
    await aFleet(core, 'three', ['a', 'b', 'c']);
    const first = await startDeploy(core, aDeploy('three'), old);
    await expect.poll(() => statusOf(core, first), wait).toBe('succeeded');
    clusters.worlds.set('b', { canaryBadRate: 0.5 });
    const waves = [1, 1, 1].map((count) => ({ kind: 'count', count }) as const);
    const second = await startDeploy(core, aDeploy('three', { onFailure: 'stop', waves }));
    await expect.poll(() => statusOf(core, second), wait).toBe('failed');
    expect((await leaderOf(core, second))?.rollout.phase.name).toBe('stopped');
    expect(clusters.images('three')).toEqual({ a: 'registry/shop@sha256:1', b: old, c: old });
    clusters.worlds.clear();
    const back = await rollBackEnvironment(core.context, 'three', {
      releaseId: null,
      by: { user: 'grace', from: null },
      reason: 'mixed',
    });
    const third = back.ok ? back.value.runId : '';
    await expect.poll(() => statusOf(core, third), wait).toBe('succeeded');
    expect(clusters.images('three')).toEqual({ a: old, b: old, c: old });
  });

  test('a look at one of several clusters waits for nobody who holds the run', async () => {
    await aFleet(core, 'eight', ['a', 'b']);
    const analysis = { kind: 'analysis', forMs: 3_600_000, whole: true } as const;
    const steps = [{ kind: 'set-weight', percent: 10 } as const, analysis];
    const runId = await startDeploy(core, aDeploy('eight', { steps }));
    let looks = 0;
    clusters.around = async (rolloutId, perform) => {
      const rollout = await findRollout(core.context.db, rolloutId);
      if (looks > 0 || rollout?.phase !== 'analysing') return perform();
      await core.context.db.transaction().execute(async (trx) => {
        // Where a look waits nevertheless, the database ends this, and nothing was seen.
        await sql`set local idle_in_transaction_session_timeout = '20s'`.execute(trx);
        await lockRun(trx, runId);
        await perform();
        await sql`select 1`.execute(trx);
        looks += 1;
      });
    };
    await expect.poll(() => looks, wait).toBeGreaterThan(0);
    await requestCancel(core.context, runId, 'ada', 'seen enough');
    await expect.poll(() => statusOf(core, runId), wait).toBe('cancelled');
  });

  test('a cluster that is lost in the middle holds its wave, and when it is back the wave goes on', async () => {
    await aFleet(core, 'four', ['a', 'b']);
    clusters.worlds.set('b', { fails: () => ({ reason: 'target-unreachable', retryable: true }) });
    const runId = await startDeploy(core, aDeploy('four', { strategy: 'rolling', steps: [] }));
    const noteOf = async () => (await leaderOf(core, runId))?.rollout.fleet?.clusters['b']?.note ?? null;
    await expect.poll(noteOf, wait).toContain('target-unreachable');
    expect(await statusOf(core, runId)).toBe('running');
    clusters.worlds.set('b', {});
    await expect.poll(() => statusOf(core, runId), wait).toBe('succeeded');
  });

  test('an approval is given once for a wave, and never for what was not seen', async () => {
    await aFleet(core, 'five', ['a', 'b', 'c']);
    const approval = { by: [], count: 1, withinMs: 600_000, notAuthor: true };
    const steps: DeployWork['steps'] = [
      { kind: 'set-weight', percent: 10 },
      { kind: 'approve', approval },
    ];
    const runId = await startDeploy(core, aDeploy('five', { steps, waves: [{ kind: 'rest' }] }));
    const asking = async () => {
      const { clusters: states = {} } = (await leaderOf(core, runId))?.rollout.fleet ?? {};
      return Object.values(states).filter(({ asks }) => asks === true).length;
    };
    await expect.poll(asking, wait).toBe(3);
    expect(await statusOf(core, runId)).toBe('awaiting-approval');
    const leader = (await leaderOf(core, runId))?.id ?? '';
    const vote = (hash: string | null, user = 'grace') =>
      castVote(core.context, { runId, stage: 'deploy' }, user, {
        verdict: 'approved',
        reason: null,
        decisionHash: hash,
      });
    expect(await vote('0'.repeat(64))).toMatchObject({ error: { reason: 'stale-evidence' } });
    const newest = await newestDecisionHash(core.context.db, leader);
    expect(await vote(newest, 'ada')).toMatchObject({ error: { reason: 'may-not-vote' } });
    expect(await vote(newest)).toMatchObject({ ok: true });
    await expect.poll(() => statusOf(core, runId), wait).toBe('succeeded');
  });

  test('a freeze between waves holds the next one, and a kill of the server there changes nothing', async () => {
    await aFleet(core, 'six', ['a', 'b']);
    const pause = { kind: 'pause', forMs: null } as const;
    const runId = await startDeploy(
      core,
      aDeploy('six', { steps: [{ kind: 'set-weight', percent: 10 }, pause] }),
    );
    const clusterOf = async (name: string) =>
      (await leaderOf(core, runId))?.clusters?.find((cluster) => cluster.name === name);
    await expect.poll(async () => (await clusterOf('a'))?.phase, wait).toBe('paused');
    const by = { user: 'grace', from: null };
    const windows = [
      { name: 'w', kind: 'deny', cron: '* * * * *', duration: '2h', timezone: 'UTC', reason: 'quiet' },
    ];
    const a = (await clusterOf('a'))?.rolloutId ?? '';
    await saveFreezeWindows(core.context, 'six', freezeRules.parse({ windows }), by);
    const windowsOf = async (id: string) => (await rolloutView(core.context.db, id))?.rollout.freeze?.windows;
    const leader = (await leaderOf(core, runId))?.id ?? '';
    for (const id of [leader, a]) await expect.poll(() => windowsOf(id), wait).toHaveLength(1);
    await steerRollout(core.context, a, 'resume', by, 'go on');
    await expect.poll(async () => (await clusterOf('a'))?.phase, wait).toBe('frozen');
    await breakGlass(core.context, a, by, 'only this one');
    await expect.poll(async () => (await leaderOf(core, runId))?.rollout.phase.name, wait).toBe('frozen');
    expect(await clusterOf('b')).toMatchObject({ status: 'waiting', rolloutId: null });
    await orchestrator.close();
    await saveFreezeWindows(core.context, 'six', noFreeze, by);
    orchestrator = startOrchestrator(core.anotherServer());
    await expect.poll(async () => (await clusterOf('b'))?.phase, wait).toBe('paused');
    const b = (await clusterOf('b'))?.rolloutId ?? '';
    await steerRollout(core.context, b, 'resume', by, 'go on');
    await expect.poll(() => statusOf(core, runId), wait).toBe('succeeded');
    expect(clusters.deployed('six')).toHaveLength(2);
  });

  test('the log begins with what the last looks found wrong with its clusters; their end makes it history', async () => {
    await aFleet(core, 'eleven', ['a', 'b', 'c']);
    const fine = { lookedAt: 1, triedAt: 1, problem: null, drift: null, runs: null, missingRights: [] };
    await core.context.db.transaction().execute(async (trx) => {
      const at = core.context.now();
      const place = (cluster: string) => ({ environment: 'eleven', cluster });
      await wantLooks(trx, ['a', 'b', 'c'].map(place), at);
      await saveLook(trx, place('a'), { ...fine, triedAt: at - 240_000, problem: 'does not answer' }, at);
      await saveLook(trx, place('b'), fine, at);
      await saveLook(trx, place('c'), { ...fine, problem: 'away' }, at);
    });
    const runId = await startDeploy(core, aDeploy('eleven', { clusters: ['a', 'b'] }));
    await expect.poll(() => statusOf(core, runId), wait).toBe('succeeded');
    const log = await logOf(core, runId);
    const warnings = log.filter((line) => line.startsWith('Warning: cluster'));
    expect(warnings).toEqual([
      expect.stringMatching(/^Warning: cluster "a", as a worker saw it \d+ minutes ago: does not answer$/),
    ]);
    const firstWave = log.findIndex((line) => line.startsWith('wave 1 of'));
    expect(log.indexOf(warnings[0] ?? '')).toBeLessThan(firstWave);
    const looks = await listLooks(core.context.db, 'eleven');
    const problemOf = (cluster: string) => looks.get(placeKey({ environment: 'eleven', cluster }))?.problem;
    expect(['a', 'c'].map(problemOf)).toEqual([null, 'away']);
  });

  test('a person holds all clusters: the wave that completes is the last one until they are resumed', async () => {
    await aFleet(core, 'nine', ['a', 'b', 'c']);
    const runId = await startDeploy(core, aDeploy('nine', { steps: untilPromoted }));
    const { leader, clusterOf, phaseOf, steer } = await watch(core, runId);
    await expect.poll(() => phaseOf('a'), wait).toBe('analysing');
    expect(await steer(leader, 'resume')).toMatchObject({ error: { reason: 'cannot-resume' } });
    expect(await steer(leader, 'hold', 'strange logs')).toMatchObject({ ok: true });
    await expect.poll(() => phaseOf('a'), wait).toBe('paused');
    expect(await steer(leader, 'hold')).toMatchObject({
      error: { reason: 'cannot-hold', message: 'ada holds it already: strange logs' },
    });
    expect((await leaderOf(core, runId))?.rollout).toMatchObject({
      phase: { name: 'delivering' },
      fleet: {
        held: { by: 'ada', reason: 'strange logs' },
        clusters: { a: { note: 'held with all clusters by ada: strange logs' } },
      },
    });
    // Of one cluster alone: its wave completes while all are held.
    expect(await steer((await clusterOf('a'))?.rolloutId ?? '', 'promote')).toMatchObject({ ok: true });
    await expect.poll(async () => (await leaderOf(core, runId))?.rollout.phase.name, wait).toBe('paused');
    expect(await clusterOf('b')).toMatchObject({ status: 'waiting', rolloutId: null });
    expect(await steer(leader, 'resume')).toMatchObject({ ok: true });
    for (const name of ['b', 'c']) await expect.poll(() => phaseOf(name), wait).toBe('analysing');
    const b = (await clusterOf('b'))?.rolloutId ?? '';
    const decided = (await rolloutView(core.context.db, b))?.decisions.length;
    // Late, of a cluster that has ended, and of a rollout that was never made.
    const old = {
      kind: 'steer-cluster',
      rolloutId: leader,
      wish: 'hold',
      by: 'ada',
      reason: 'late',
    } as const;
    const said = (cluster: string, round: number, word: number) => ({ ...old, cluster, round, word });
    expect(await steer(leader, 'hold', 'again')).toMatchObject({ ok: true });
    await expect.poll(() => phaseOf('b'), wait).toBe('paused');
    expect(await steer(leader, 'resume')).toMatchObject({ ok: true });
    await expect.poll(() => phaseOf('b'), wait).toBe('analysing');
    await carryAll(core, [said('a', 0, 9), said('b', 0, 3), said('b', 5, 9)]);
    expect(await phaseOf('b')).toBe('analysing');
    expect((await rolloutView(core.context.db, b))?.decisions.length).toBe((decided ?? 0) + 2);
    expect(await steer(leader, 'promote')).toMatchObject({ ok: true });
    await expect.poll(() => statusOf(core, runId), wait).toBe('succeeded');
    await expectSameAgain(core, runId);
    const log = await logOf(core, runId);
    expect(log).toContainEqual(expect.stringMatching(/^ada holds it: no other wave begins/));
    expect(log).toContain('held by ada before wave 2: strange logs');
    const audit = await listAudit(core.context.db, { before: null, limit: 100 });
    const actions = audit.filter(({ subject }) => subject === leader).map(({ action }) => action);
    expect(actions.toReversed()).toEqual([
      'rollout-held',
      'rollout-resumed',
      'rollout-held',
      'rollout-resumed',
      'rollout-promoted',
    ]);
  });

  test('a person promotes a wave: what one of them is held by stays held, and the next wave has its own steps', async () => {
    await aFleet(core, 'ten', ['a', 'b', 'c']);
    const waves = [{ kind: 'count', count: 2 }, { kind: 'rest' }] as const;
    const runId = await startDeploy(core, aDeploy('ten', { steps: untilPromoted, waves: [...waves] }));
    const { leader, clusterOf, phaseOf, steer } = await watch(core, runId);
    for (const name of ['a', 'b']) await expect.poll(() => phaseOf(name), wait).toBe('analysing');
    const a = (await clusterOf('a'))?.rolloutId ?? '';
    await steer(a, 'hold', 'this one alone');
    expect(await clusterOf('a')).not.toHaveProperty('canPromote');
    expect(await clusterOf('b')).toMatchObject({ canPromote: true });
    expect(await steer(leader, 'promote')).toMatchObject({ ok: true });
    await expect.poll(async () => (await clusterOf('b'))?.status, wait).toBe('delivered');
    expect(await phaseOf('a')).toBe('paused');
    expect(await steer(leader, 'promote')).toMatchObject({
      error: {
        reason: 'cannot-promote',
        message: 'no cluster can be promoted now: a: ada holds it by itself: this one alone',
      },
    });
    await steer(a, 'resume');
    expect(await steer(leader, 'promote')).toMatchObject({ ok: true });
    await expect.poll(() => phaseOf('c'), wait).toBe('analysing');
    expect(clusters.deployed('ten').toSorted()).toEqual(['a', 'b']);
    expect(await steer(leader, 'promote')).toMatchObject({ ok: true });
    await expect.poll(() => statusOf(core, runId), wait).toBe('succeeded');
    await expectSameAgain(core, runId);
  });

  test('waves that do not fit the environment are refused before anything is deployed', async () => {
    await aFleet(core, 'seven', ['a', 'b']);
    const runId = await startDeploy(core, aDeploy('seven', { clusters: ['a', 'gz-1'] }));
    await expect.poll(() => statusOf(core, runId), wait).toBe('failed');
    expect(await logOf(core, runId)).toContainEqual(
      expect.stringContaining('clusters names "gz-1", which the environment does not have: it has a, b'),
    );
    expect(clusters.deployed('seven')).toEqual([]);
  });
});

/** Nothing but a person ends this analysis. */
const untilPromoted: DeployWork['steps'] = [
  { kind: 'set-weight', percent: 10 },
  { kind: 'analysis', forMs: 3_600_000, whole: true },
];

/** The rollout that leads, and how its clusters stand whenever one asks. */
async function watch(core: TestCore, runId: string) {
  await expect.poll(async () => (await leaderOf(core, runId))?.id, wait).toBeDefined();
  const clusterOf = async (name: string) =>
    (await leaderOf(core, runId))?.clusters?.find((cluster) => cluster.name === name);
  const ada = { user: 'ada', from: null };
  return {
    leader: (await leaderOf(core, runId))?.id ?? '',
    clusterOf,
    phaseOf: async (name: string) => (await clusterOf(name))?.phase,
    steer: (id: string, wish: 'hold' | 'resume' | 'promote', reason = 'because') =>
      steerRollout(core.context, id, wish, ada, reason),
  };
}

/** Returns when these, and all that came before, have been carried out. */
async function carryAll(core: TestCore, commands: readonly OutboxCommand[]): Promise<void> {
  await core.context.db.transaction().execute((trx) => addToOutbox(trx, commands, core.context.now()));
  const left = () =>
    core.context.db.selectFrom('outbox').select('id').where('kind', '=', 'steer-cluster').execute();
  await expect.poll(left, wait).toEqual([]);
}

async function expectSameAgain(core: TestCore, runId: string): Promise<void> {
  const view = await leaderOf(core, runId);
  const ids = (view?.clusters ?? []).map(({ rolloutId }) => rolloutId ?? '');
  for (const id of [view?.id ?? '', ...ids])
    expect(await replayView(core.context.db, id)).toMatchObject({
      isSame: true,
      ends: { recorded: 'succeeded', replayed: 'succeeded' },
    });
}

async function aFleet(core: TestCore, name: string, names: readonly string[]): Promise<void> {
  const clusters = names.map((cluster) => ({
    name: cluster,
    partition: null,
    instancesPercent: 100,
    target: {
      kind: 'docker' as const,
      service: `${name}-${cluster}`,
      listenHost: '127.0.0.1',
      listenPort: 80,
    },
  }));
  const target = { kind: 'clusters' as const, clusters };
  await core.context.db.transaction().execute((trx) => saveEnvironment(trx, { name, target, at: 0 }));
}

const statusOf = async (core: TestCore, runId: string) => (await findRun(core.context.db, runId))?.status;

async function leaderOf(core: TestCore, runId: string) {
  const run = await runView(core.context.db, runId);
  return rolloutView(core.context.db, run?.rollouts[0]?.id ?? runId);
}

async function environmentOf(core: TestCore, name: string) {
  const environments = await environmentViews(core.context.db, core.context.now());
  return environments.find((environment) => environment.name === name);
}

async function logOf(core: TestCore, runId: string): Promise<readonly string[]> {
  const run = await runView(core.context.db, runId);
  const attempt = run?.attempts.find(({ stage }) => stage === 'deploy')?.id ?? '';
  const lines = await readLogLines(core.context.db, attempt, 0, 10_000);
  return lines.map(({ text }) => text);
}

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

/** A worker whose target is simulated, one a rollout. */

interface Clusters {
  /** By the name of a cluster: what its target does; absent: all goes well. */
  readonly worlds: Map<string, Partial<World>>;
  /** Clusters and runs to which a version was deployed, in order. */
  readonly deployed: (environment: string) => readonly string[];
  /** Asked to claim and do each action. */
  around: (rolloutId: string, perform: () => Promise<void>) => Promise<void>;
  /** What each cluster has had last. */
  readonly images: (environment: string) => Readonly<Record<string, string>>;
  close(): Promise<void>;
}

function workOnClusters(core: TestCore): Clusters {
  const worlds = new Map<string, Partial<World>>();
  const targets = new Map<string, ReturnType<typeof simulateTarget>>();
  const promoted: { environment: string; cluster: string; image: string }[] = [];
  const connection = core.context.redis.duplicate({ maxRetriesPerRequest: null });
  const perform = async ({ rolloutId, action }: ActionJob): Promise<void> => {
    const answer = await claimAction(core.context, { rolloutId, action, workerId: 'w' });
    if (answer.kind === 'refused') return;
    const { spec, what, fence } = answer.claim;
    const cluster = spec.cluster ?? '';
    const world = () => worlds.get(cluster) ?? {};
    const fresh = { startMs: 0, requestsPerSecond: 100_000, ...world() };
    const target =
      targets.get(rolloutId) ??
      simulateTarget(
        spec,
        { ...fresh, fails: (asked, at) => world().fails?.(asked, at) ?? null },
        core.context.now(),
      );
    targets.set(rolloutId, target);
    const result = target.answer(what, core.context.now());
    if (what.kind === 'promote' && result.result === 'done')
      promoted.push({ environment: spec.environment, cluster, image: spec.image });
    await reportAction(core.context, rolloutId, action, { fence, result, lines: [] });
  };
  const worker = new Worker(
    actionQueue(defaultPool),
    async ({ data }) => {
      const job = actionJob.parse(data);
      await clusters.around(job.rolloutId, () => perform(job));
    },
    { connection, prefix: core.context.queuePrefix, concurrency: 4 },
  );
  const of = (name: string) => promoted.filter(({ environment }) => environment === name);
  const clusters: Clusters = {
    worlds,
    around: (_, work) => work(),
    deployed: (environment) => [...new Set(of(environment).map(({ cluster }) => cluster))],
    images: (environment) =>
      Object.fromEntries(of(environment).map(({ cluster, image }) => [cluster, image])),
    async close() {
      await worker.close();
      connection.disconnect();
    },
  };
  return clusters;
}
