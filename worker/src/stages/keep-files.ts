// What a stage keeps when its steps have ended.
import type { StepsWork } from '@sluice/pipelines/language/definition';
import { stepRuns, type StepSituation } from '@sluice/pipelines/language/expression/step-situation';
import type { StageOutcome } from '@sluice/pipelines/run/run-state';
import { keepArtifacts } from '../artifacts/keep-artifacts.ts';
import { saveCaches } from '../caches/save-caches.ts';
import { collectReports } from '../reports/collect-reports.ts';
import type { ExecutorSession } from '../executors/executor.ts';
import { failed } from './failed-outcome.ts';
import type { StageContext } from './stage-runner.ts';
import { timeLimit } from '../time-limit.ts';

/** Time for artifacts and reports of a stage that was stopped. */
const cleanUpMs = 60_000;

/**
 * Tells what test tools said, whatever the outcome. Keeps the stage's artifacts, where its rule wants them after such an
 * outcome: a stage that would have succeeded fails when they cannot be kept; any other outcome stays what it is. Of a
 * stage that succeeded caches are saved too.
 */
export async function keepFiles(
  context: StageContext,
  work: StepsWork,
  session: ExecutorSession,
  outcome: StageOutcome,
): Promise<StageOutcome> {
  const reports = work.keeps?.reports ?? null;
  if (reports !== null && !isLost(context.signal)) {
    await collectReports({ ...context, signal: untilCleanedUp(context.signal) }, session, reports);
  }
  const ended = await withArtifacts(context, work, session, outcome);
  if (ended.result === 'succeeded' && (work.keeps?.cache ?? []).length > 0)
    await saveCaches(context, session);
  return ended;
}

async function withArtifacts(
  context: StageContext,
  work: StepsWork,
  session: ExecutorSession,
  outcome: StageOutcome,
): Promise<StageOutcome> {
  const rule = work.keeps?.artifacts ?? null;
  if (rule === null || isLost(context.signal) || !stepRuns(rule.if, situationOf(outcome))) return outcome;
  const signal = untilCleanedUp(context.signal);
  const kept = await keepArtifacts({ ...context, signal }, session, rule);
  if (kept.ok) return outcome;
  context.log.say(kept.error);
  return outcome.result === 'succeeded' ? failed(kept.error) : outcome;
}

const untilCleanedUp = (signal: AbortSignal): AbortSignal => (signal.aborted ? timeLimit(cleanUpMs) : signal);

function situationOf(outcome: StageOutcome): StepSituation {
  switch (outcome.result) {
    case 'succeeded':
      return 'success';
    case 'failed':
      return 'failure';
    case 'cancelled':
      return 'cancelled';
  }
}

const isLost = (signal: AbortSignal): boolean => signal.aborted && signal.reason.kind === 'lost';
