// What a stage keeps when its steps have ended.
import type { StepsWork } from '@sluice/pipelines/language/definition';
import { stepRuns, type StepSituation } from '@sluice/pipelines/language/expression/step-condition';
import type { StageOutcome } from '@sluice/pipelines/run/run-state';
import { keepArtifacts } from '../artifacts/keep-artifacts.ts';
import { saveCaches } from '../caches/save-caches.ts';
import type { ExecutorSession } from '../executors/executor.ts';
import { failed } from './failed-outcome.ts';
import type { StageContext } from './stage-runner.ts';

/** Time for artifacts of a stage that was stopped. */
const cleanUpMs = 60_000;

/**
 * Keeps the stage's artifacts, where its rule wants them after such an outcome. A stage that would have succeeded fails
 * when they cannot be kept; any other outcome stays what it is. Of a stage that succeeded caches are saved too.
 */
export async function keepFiles(
  context: StageContext,
  work: StepsWork,
  session: ExecutorSession,
  outcome: StageOutcome,
): Promise<StageOutcome> {
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
  const signal = context.signal.aborted ? AbortSignal.timeout(cleanUpMs) : context.signal;
  const kept = await keepArtifacts({ ...context, signal }, session, rule);
  if (kept.ok) return outcome;
  context.log.say(kept.error);
  return outcome.result === 'succeeded' ? failed(kept.error) : outcome;
}

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
