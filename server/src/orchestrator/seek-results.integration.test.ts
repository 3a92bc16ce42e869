import { aPlan, aTrigger } from '@sluice/pipelines/plan/a-plan';
import type { Plan } from '@sluice/pipelines/plan/plan';
import type { StageState } from '@sluice/pipelines/run/run-state';
import type { Trigger } from '@sluice/pipelines/trigger/trigger';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openMirrors, type Mirrors } from '../repositories/mirrors.ts';
import { saveRepository } from '../store/repository-store.ts';
import { findRun, isPlanned } from '../store/run-store.ts';
import { writeSecret } from '../store/secret-store.ts';
import { runView } from '../views/run-view.ts';
import { claimAttempt } from './claim-attempt.ts';
import { reportEnd } from './report-end.fixture.ts';
import { rerunRun } from './rerun-run.ts';
import { seekResults } from './seek-results.ts';
import { startRun } from './start-run.ts';
import { openTestCore, redisUrl, type TestCore } from './test-core.ts';

describe.skipIf(redisUrl === undefined)('stages whose inputs have not changed (needs REDIS_URL)', () => {
  let core: TestCore;
  let folder: string;
  let mirrors: Mirrors;
  let repositoryId: string;
  beforeAll(async () => {
    core = await openTestCore();
    folder = mkdtempSync(path.join(tmpdir(), 'sluice-reuse-'));
    git('init', '--quiet', '--initial-branch=main');
    mkdirSync(path.join(folder, 'src'));
    const { context } = core;
    mirrors = openMirrors(path.join(folder, '.mirrors'), { fileFolders: [folder], privateHosts: [] }, () =>
      Promise.resolve(null),
    );
    const cloneUrl = pathToFileURL(folder).href;
    const repository = { ...aRepository, cloneUrl };
    repositoryId = (await saveRepository(context, repository, { id: context.newId(), at: context.now() })).id;
  });
  afterAll(async () => {
    await mirrors.close();
    await core.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function git(...args: string[]): string {
    const who = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com'];
    return execFileSync('git', [...who, ...args], { cwd: folder, encoding: 'utf8' }).trim();
  }

  function commit(file: string, text: string): string {
    writeFileSync(path.join(folder, file), text);
    git('add', file);
    git('commit', '--quiet', '--allow-empty', '-m', file);
    return git('rev-parse', 'HEAD');
  }

  const start = async (plan: Plan, sha: string, from: Trigger = aTrigger): Promise<string> => {
    const trigger = { ...from, commit: { ...from.commit, sha } };
    const { runId } = await startRun(core.context, {
      project: 'default',
      repositoryId,
      trigger,
      pipeline: plan.pipeline,
      deliveryId: null,
      content: { kind: 'planned', plan: { ...plan, trigger } },
    });
    await seekResults(core.context, mirrors);
    return runId;
  };

  const stageOf = async (runId: string, stage = 'test'): Promise<StageState | undefined> => {
    const run = await findRun(core.context.db, runId);
    return run === null || !isPlanned(run) ? undefined : run.content.state.stages[stage];
  };

  const finish = async (runId: string, version = '1', artifactExpiresAt: number | null = null) => {
    const { context } = core;
    const answer = await claimAttempt(context, { runId, stage: 'test', attempt: 1, workerId: 'w' });
    if (answer.kind === 'refused') throw new Error(answer.reason);
    if (artifactExpiresAt !== null) await insertArtifact(runId, artifactExpiresAt);
    await reportEnd(context, answer.claim, { result: 'succeeded', outputs: { version } });
    return answer.claim.attemptId;
  };

  async function insertArtifact(run_id: string, expires_at: number): Promise<void> {
    const { db, newId, now } = core.context;
    const sha256 = 'a'.repeat(64);
    await db
      .insertInto('contents')
      .values({ sha256, bytes: 1, stored_at: now() })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    const sizes = { bytes: 1, unpacked_bytes: 1, file_count: 0, files: '[]' };
    await db
      .insertInto('artifacts')
      .values({
        id: newId(),
        run_id,
        stage: 'test',
        attempt: 1,
        sha256,
        ...sizes,
        created_at: now(),
        expires_at,
      })
      .execute();
  }

  const numberOf = async (runId: string) => (await findRun(core.context.db, runId))?.number;

  test('the second run reuses the first, also after an unrelated change; a changed input runs', async () => {
    const plan = aPlan()
      .stage('test', { reuse: ['src/**'] })
      .done();
    const first = await start(plan, commit('src/a', 'one'));
    expect(await stageOf(first)).toMatchObject({
      status: 'queued',
      reason: 'no run has succeeded with these inputs',
    });
    const unfinished = await start(plan, git('rev-parse', 'HEAD'));
    expect(await stageOf(unfinished)).toMatchObject({ status: 'queued' });
    const attemptId = await finish(first);

    for (const sha of [git('rev-parse', 'HEAD'), commit('README', 'unrelated')]) {
      const again = await start(plan, sha);
      const number = await numberOf(first);
      expect(await stageOf(again)).toMatchObject({
        status: 'succeeded',
        reason: `same inputs as run #${number}`,
        outputs: { version: '1' },
        kept: { runId: first, number },
      });
      const view = await runView(core.context.db, again);
      expect([view?.status, view?.attempts.map(({ id }) => id)]).toEqual(['succeeded', [attemptId]]);
    }
    const changed = await start(plan, commit('src/a', 'two'));
    expect(await stageOf(changed)).toMatchObject({ status: 'queued', attempt: 1 });
  });

  test('a stage that was asked for again runs, and others take over its new result', async () => {
    const plan = aPlan()
      .stage('test', { reuse: ['src/**'] })
      .done();
    const sha = commit('src/a', 'three');
    const first = await start(plan, sha);
    await finish(first);
    const by = { user: 'ada', from: null };
    const again = await rerunRun(core.context, first, { what: 'all', current: null, debug: false, by });
    if (!again.ok) throw new Error(again.error.message);
    await seekResults(core.context, mirrors);
    expect(await stageOf(again.value.runId)).toMatchObject({ status: 'queued' });
    await finish(again.value.runId, '2');
    expect(await stageOf(await start(plan, sha))).toMatchObject({
      outputs: { version: '2' },
      kept: { runId: again.value.runId },
    });
  });

  test('a secret that was set again, artifacts that have expired and unknown files make it run', async () => {
    const { context } = core;
    const set = () =>
      writeSecret(context, { project: 'default', name: 'token', value: 'x', by: 'ada', at: context.now() });
    await set();
    const plain = aPlan()
      .stage('test', { reuse: ['src/**'], artifacts: ['dist'] })
      .done();
    const env = { TOKEN: { kind: 'secret', secret: 'token' } } as const;
    const plan = { ...plain, env };
    const sha = commit('src/a', 'four');
    await finish(await start(plan, sha), '1', context.now() + 7_200_000);
    expect(await stageOf(await start(plan, sha))).toMatchObject({ status: 'succeeded' });
    core.passTime(7_000_000);
    const late = await start(plan, sha);
    expect(await stageOf(late)).toMatchObject({
      status: 'queued',
      reason: expect.stringContaining('artifacts have expired'),
    });
    await finish(late, '2', context.now() + 7_200_000);
    expect(await stageOf(await start(plan, sha))).toMatchObject({ outputs: { version: '2' } });
    await set();
    expect(await stageOf(await start(plan, sha))).toMatchObject({
      status: 'queued',
      reason: 'no run has succeeded with these inputs',
    });
    const gone = aPlan()
      .stage('test', { reuse: ['nowhere/**'] })
      .done();
    expect(await stageOf(await start(gone, sha))).toMatchObject({
      reason: 'no file of the commit matches its inputs',
    });
    expect(await stageOf(await start(plan, 'd'.repeat(40)))).toMatchObject({
      reason: expect.stringContaining('not known'),
    });
  });

  test('a pull request from a fork takes over what the repository has made, and gives nothing back', async () => {
    const plan = aPlan()
      .stage('test', { reuse: ['src/**'] })
      .done();
    const fork = (number: number): Trigger => ({
      ...aTrigger,
      event: 'pull_request',
      number,
      title: 't',
      targetBranch: 'main',
      fromFork: true,
    });
    const sha = commit('src/a', 'five');
    await finish(await start(plan, sha, fork(7)), 'of a stranger');
    const own = await start(plan, sha);
    expect(await stageOf(own)).toMatchObject({ status: 'queued' });
    expect(await stageOf(await start(plan, sha, fork(7)))).toMatchObject({
      outputs: { version: 'of a stranger' },
    });
    expect(await stageOf(await start(plan, sha, fork(8)))).toMatchObject({ status: 'queued' });
    await finish(own, 'of ours');
    expect(await stageOf(await start(plan, sha, fork(9)))).toMatchObject({
      outputs: { version: 'of ours' },
    });
  });
});

const aRepository = {
  project: 'default',
  fullName: 'acme/reuse',
  provider: 'generic' as const,
  defaultBranch: 'main',
  hookSecret: 'a-secret-of-a-hook',
  credentials: null,
  trusted: false,
  shared: false,
};
