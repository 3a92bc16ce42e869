import { setTimeout as sleep } from 'node:timers/promises';
import type { StepDefinition, StepsWork } from '@sluice/pipelines/language/definition';
import type { Failure } from '@sluice/pipelines/run/run-state';
import { nextTry, tryDelayMs } from '@sluice/pipelines/run/step-retry';
import { StepLostError, type ExecutorSession, type StepEnd } from '../executors/executor.ts';
import { limitOutput } from '../logs/limit-output.ts';
import { diskProblem } from './disk-problem.ts';
import type { StageContext } from './stage-runner.ts';
import { unlessLost, whenLost } from './lost-attempt.ts';
import { stepEnv } from './step-env.ts';
import { stepFailure } from './step-failure.ts';
import { timeLimit } from '../time-limit.ts';

/** Time that a stopped step has to end by itself. */
const graceMs = 10_000;

/**
 * Runs one step, as often as its `retry` wants. Null when it succeeded, or was stopped with the whole stage. Each try
 * begins with a record of its own, so a process that takes over knows which one is under way.
 */
export async function runStep(
  context: StageContext,
  work: StepsWork,
  session: ExecutorSession,
  index: number,
  step: StepDefinition,
  signal: AbortSignal,
): Promise<Failure | null> {
  const { log, earlier, keepFailure, now } = context;
  let underWay = earlier?.openStep?.index === index ? earlier.openStep : null;
  if (underWay === null) log.stepStarted(index);
  else if (underWay.try === null && step.retry !== null) {
    throw new StepLostError(
      `The worker of this stage was lost in the middle of step ${index + 1}, which is tried several times; which try it was cannot be known.`,
    );
  }
  for (let number = underWay?.try ?? 1; ; underWay = null) {
    const startedAt = underWay?.startedAt ?? now();
    const beginsAt = startedAt + tryDelayMs(step.retry, number);
    // A process that takes over must know which try this is before it begins.
    if (number > 1) await context.kept();
    await pause(beginsAt - now(), signal);
    const end = await runTry(context, work, session, { index, step, number, beginsAt }, signal);
    if (end === 'left') return null;
    const next = end.failure === null || signal.aborted ? null : nextTry(step.retry, number, end.failure);
    if (next === null) {
      if (end.failure !== null) {
        await keepFailure(end.failure);
        log.say(end.failure.message);
      }
      log.stepFinished(index, end.result, end.exitCode, end.failure);
      return end.failure;
    }
    number = next.number;
    log.stepStarted(index, number);
    log.say(next.reason);
  }
}

interface Try {
  readonly index: number;
  readonly step: StepDefinition;
  /** From 1. */
  readonly number: number;
  /** Milliseconds since the epoch: the step's time counts from here, also in another process. */
  readonly beginsAt: number;
}

interface TryEnd {
  readonly failure: Failure | null;
  readonly result: 'succeeded' | 'failed' | 'cancelled';
  readonly exitCode: number | null;
}

async function runTry(
  { claim, log, workspace, forced, now }: StageContext,
  work: StepsWork,
  session: ExecutorSession,
  { index, step, number, beginsAt }: Try,
  signal: AbortSignal,
): Promise<TryEnd | 'left'> {
  const env = stepEnv(claim, step.env);
  if (!env.ok) {
    const message = `Step "${step.name}": ${env.error}`;
    return { failure: { class: 'failed', message, exitCode: null }, result: 'failed', exitCode: null };
  }
  const stop = session.release === null ? signal : unlessLost(signal);
  const limited = limitOutput(log, claim.stepLogBytes);
  const running = session.runStep(
    { index, try: number, script: step.run, shell: work.shell, env: env.value, graceMs },
    limited,
    AbortSignal.any([stop, limited.exceeded, ...timeoutSignal(step.timeoutMs, beginsAt, now)]),
  );
  const end = await Promise.race([unlessForced(running, forced), whenLost(session, signal)]);
  if (end === 'left') return 'left';
  const found = stepFailure(end, step, {
    isTooLong: limited.exceeded.aborted,
    isStageStopped: signal.aborted,
    logLimitBytes: claim.stepLogBytes,
  });
  const failure = await blameDisk(found, workspace);
  const result = failure !== null ? 'failed' : end.kind === 'stopped' ? 'cancelled' : 'succeeded';
  return { failure, result, exitCode: end.kind === 'exited' ? end.exitCode : null };
}

/** A step whose workspace was taken away under it was stopped, however that looked from inside. */
async function unlessForced(running: Promise<StepEnd>, forced: AbortSignal): Promise<StepEnd> {
  try {
    const end = await running;
    return forced.aborted ? { kind: 'stopped' } : end;
  } catch (error) {
    if (forced.aborted) return { kind: 'stopped' };
    throw error;
  }
}

async function pause(waitMs: number, signal: AbortSignal): Promise<void> {
  if (waitMs > 0) await sleep(waitMs, undefined, { signal }).catch(() => undefined);
}

/** A step that is followed again has used some of its time. */
function timeoutSignal(
  timeoutMs: number | null,
  beginsAt: number,
  now: () => number,
): readonly AbortSignal[] {
  return timeoutMs === null ? [] : [timeLimit(Math.max(0, beginsAt + timeoutMs - now()))];
}

/** A command that could not write is not at fault when the worker has no room left. */
async function blameDisk(failure: Failure | null, workspace: string): Promise<Failure | null> {
  if (failure?.class !== 'failed') return failure;
  const problem = await diskProblem(workspace);
  if (problem === null) return failure;
  return { ...failure, class: 'infrastructure', message: `${failure.message} ${problem}` };
}
