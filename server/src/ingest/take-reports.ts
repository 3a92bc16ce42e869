import { findFlakiness, type PastResult } from '@sluice/pipelines/reports/find-flaky';
import type { StageReports, TestCase } from '@sluice/pipelines/reports/test-report';
import { ok, type Result } from '@sluice/pipelines/result';
import type { ServerContext } from '../context.ts';
import { inUnit } from '../orchestrator/unit.ts';
import { findAttempt, lockAttempt } from '../store/attempt-store.ts';
import type { Trx } from '../store/database.ts';
import { listReportsOfCommit, saveFlakyTest, saveReports, type ReportRow } from '../store/report-store.ts';
import { bumpRun, findRun, type Run } from '../store/run-store.ts';
import { checkFence, type FenceProblem } from './attempt-fence.ts';

/** More attempts at one commit than anyone makes by hand. */
const attemptsOfCommit = 10;

/** Stores what test tools said of an attempt, and which of its tests passed and failed on the same commit. */
export async function takeReports(
  context: ServerContext,
  attemptId: string,
  fence: number,
  reports: StageReports,
): Promise<Result<void, FenceProblem>> {
  const known = checkFence(attemptId, await findAttempt(context.db, attemptId), fence);
  if (!known.ok) return known;
  return inUnit(context, async ({ trx, at, tell }): Promise<Result<void, FenceProblem>> => {
    // The run before the attempt, as everyone locks them.
    await bumpRun(trx, known.value.run_id, at);
    const held = checkFence(attemptId, await lockAttempt(trx, attemptId), fence);
    if (!held.ok) return held;
    const run = await findRun(trx, held.value.run_id);
    if (run === null) throw new Error(`attempt ${attemptId} belongs to no run`);
    const row = rowOf(run, { id: attemptId, stage: held.value.stage }, reports, at);
    await saveReports(trx, row, reports);
    await noteFlakyTests(trx, row);
    tell({ kind: 'run', runId: run.id });
    return ok(undefined);
  });
}

function rowOf(
  run: Run,
  attempt: { readonly id: string; readonly stage: string },
  { tests, coverage }: StageReports,
  at: number,
): ReportRow {
  const { trigger } = run;
  const cases = tests?.cases ?? [];
  const count = (result: TestCase['result']): number => cases.filter((test) => test.result === result).length;
  return {
    attempt_id: attempt.id,
    run_id: run.id,
    repository_id: run.repositoryId,
    pipeline: run.pipeline,
    stage: attempt.stage,
    ref: trigger.event === 'tag' ? trigger.tag : trigger.branch,
    commit_sha: trigger.commit.sha,
    passed: count('passed'),
    failed: count('failed'),
    skipped: count('skipped'),
    tests_ms: cases.reduce((sum, { ms }) => sum + ms, 0),
    lines_covered: coverage?.lines.covered ?? null,
    lines_total: coverage?.lines.total ?? null,
    at,
  };
}

async function noteFlakyTests(trx: Trx, row: ReportRow): Promise<void> {
  const { repository_id, pipeline, stage, commit_sha } = row;
  const known = await listReportsOfCommit(trx, row, attemptsOfCommit);
  if (known.length < 2) return;
  for (const { suite, name, results } of resultsOfTests(commit_sha, known)) {
    const flakiness = findFlakiness(results);
    if (flakiness === null) continue;
    const { failures, lastAt } = flakiness;
    const test = { repository_id, pipeline, stage, commit_sha, suite, name, failures, last_at: lastAt };
    await saveFlakyTest(trx, test);
  }
}

interface ResultsOfTest {
  readonly suite: string;
  readonly name: string;
  readonly results: PastResult[];
}

function resultsOfTests(
  commit: string,
  known: readonly { readonly at: number; readonly reports: StageReports }[],
): Iterable<ResultsOfTest> {
  const tests = new Map<string, ResultsOfTest>();
  for (const { at, reports } of known) {
    for (const { suite, name, result } of reports.tests?.cases ?? []) {
      if (result === 'skipped') continue;
      const key = `${suite}\0${name}`;
      const test = tests.get(key) ?? { suite, name, results: [] };
      test.results.push({ commit, result, at });
      tests.set(key, test);
    }
  }
  return tests.values();
}
