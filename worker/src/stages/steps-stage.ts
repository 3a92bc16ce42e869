import type { ServiceDefinition, StepDefinition, StepsWork } from '@sluice/pipelines/language/definition';
import { stepRuns, type StepSituation } from '@sluice/pipelines/language/expression/step-situation';
import { err, ok, type Result } from '@sluice/pipelines/result';
import { retries } from '@sluice/pipelines/run/retry-policy';
import type { Failure, StageOutcome } from '@sluice/pipelines/run/run-state';
import { cachedHomeFolders } from '../caches/cache-place.ts';
import {
  WorkspaceLostError,
  type Executor,
  type ExecutorSession,
  type OpenedWorkspace,
  type ServiceSpec,
  type WorkspaceSpec,
} from '../executors/executor.ts';
import { keepFiles } from './keep-files.ts';
import { isLost } from './lost-attempt.ts';
import { isInside, readOutputs } from './read-outputs.ts';
import type { StageContext, StageRunner } from './stage-runner.ts';
import { runStep } from './run-step.ts';
import { ownEnv, stepEnv } from './step-env.ts';
import { stoppedOutcome } from './stopped-outcome.ts';
import { timeLimit } from '../time-limit.ts';

export interface StepsExecutors {
  /** For stages with an image: containers of a Docker engine, or pods. */
  readonly image: Executor;
  /** For stages without. */
  readonly process: Executor;
}

/** Time for all steps that still run after a cancel or the stage's timeout. */
const cleanUpMs = 60_000;

/**
 * Runs the steps of a stage in order. After a failed step only those whose `if` asks for it run; after a cancel or
 * the stage's timeout too, for a minute in all. The first failure is the stage's.
 */
export function createStepsRunner(executors: StepsExecutors): StageRunner {
  return async (context) => {
    const { claim } = context;
    const work = claim.stage.work;
    if (work.kind !== 'steps') throw new Error(`stage "${claim.stage.id}" has no steps: ${work.kind}`);
    const executor = work.image === null ? executors.process : executors.image;
    const { opened, checkingOut } = await adoptOrOpen(executor, context, work);
    let isKept = false;
    const stopForcing = opened.kind === 'opened' ? endWhenForced(opened.session, context.forced) : () => {};
    try {
      if (checkingOut.status === 'rejected') throw checkingOut.reason;
      if (!checkingOut.value.ok) return notStarted(context, work, 'infrastructure', checkingOut.value.error);
      if (opened.kind === 'failed') {
        return notStarted(context, work, failureClasses[opened.reason], opened.message);
      }
      const now: StepNow = { step: null };
      context.desk.show(opened.session, () => shellEnv(context, now));
      const ended = await runSteps(context, work, opened.session, now);
      const outcome =
        ended.result === 'failed' ? await withServices(context, work, opened.session, ended) : ended;
      if (!context.signal.aborted) await context.keepOutcome(outcome);
      isKept = await keptForShell(context, work, opened.session, outcome);
      return outcome;
    } finally {
      stopForcing();
      if (opened.kind === 'opened' && !isKept) {
        context.desk.hide();
        await leave(opened.session, context.signal);
      }
    }
  };
}

/** The step that runs, or ran last. */
interface StepNow {
  step: StepDefinition | null;
}

/** A person in a shell sees what the step sees. */
function shellEnv({ claim }: StageContext, { step }: StepNow): Readonly<Record<string, string>> {
  const env = stepEnv(claim, step?.env ?? {});
  return env.ok ? env.value : claim.env;
}

/** Asked before the stage is reported as failed; one that is tried again or was cancelled is not kept. */
async function keptForShell(
  { claim, desk, log, signal }: StageContext,
  { keepOnFailureMs }: StepsWork,
  session: ExecutorSession,
  outcome: StageOutcome,
): Promise<boolean> {
  if (keepOnFailureMs === undefined || outcome.result !== 'failed' || signal.aborted) return false;
  if (retries(claim.stage.retry, claim.attempt, outcome.failure)) return false;
  const isKept = await desk.keep(session, keepOnFailureMs);
  log.say(
    isKept
      ? `kept for ${Math.round(keepOnFailureMs / 60_000)} minutes: sluice shell ${claim.runNumber} ${claim.stage.id}`
      : `nothing is kept for a shell: ${session.shellDoor?.kind === 'shut' ? session.shellDoor.why : 'the server does not allow it now'}`,
  );
  return isKept;
}

/** What another worker has now is left to it, where the steps can go on without us. */
async function leave(session: ExecutorSession, signal: AbortSignal): Promise<void> {
  if (isLost(signal) && session.release !== null) await session.release();
  else await session.dispose();
}

/** A forced cancel waits for nothing: whatever runs ends with the workspace. */
function endWhenForced(session: ExecutorSession, forced: AbortSignal): () => void {
  // Should it fail, it is disposed of once more at the end, and then the failure is seen.
  const end = (): void => void session.dispose().catch(() => undefined);
  if (forced.aborted) end();
  else forced.addEventListener('abort', end, { once: true });
  return () => forced.removeEventListener('abort', end);
}

async function runSteps(
  context: StageContext,
  work: StepsWork,
  session: ExecutorSession,
  now: StepNow,
): Promise<StageOutcome> {
  const { log, signal } = context;
  let failure: Failure | null = context.earlier?.failure ?? null;
  let cleanUp: AbortSignal | null = null;
  for (const [index, step] of work.steps.entries()) {
    if (context.earlier?.endedSteps.has(index) === true) continue;
    if (isLost(signal)) return stoppedOutcome(signal);
    const isUnderWay = context.earlier?.openStep?.index === index;
    const isWanted = stepRuns(step.if, situationOf(signal, failure));
    if (!isUnderWay && (context.forced.aborted || !isWanted)) {
      log.stepFinished(index, 'skipped', null);
      continue;
    }
    now.step = step;
    if (signal.aborted) cleanUp ??= timeLimit(cleanUpMs);
    // A process that takes over must know this step's predecessors as ended before this one begins.
    await context.kept();
    try {
      const problem = await runStep(context, work, session, index, step, cleanUp ?? signal);
      failure ??= problem;
    } catch (error) {
      // What the steps ran in has ended: the stage fails for what went wrong first.
      if (!(error instanceof WorkspaceLostError)) throw error;
      log.say(error.message);
      log.stepFinished(index, 'failed', null);
      for (let next = index + 1; next < work.steps.length; next += 1) log.stepFinished(next, 'skipped', null);
      failure ??= { class: 'infrastructure', message: error.message, exitCode: null };
      break;
    }
  }
  const outcome: StageOutcome = signal.aborted
    ? stoppedOutcome(signal)
    : failure === null
      ? await collectOutputs(context, work, session)
      : { result: 'failed', failure };
  return await keepFiles(context, work, session, outcome);
}

type FailedOutcome = Extract<StageOutcome, { readonly result: 'failed' }>;

/** What the services wrote last may tell why steps failed; one that has ended is part of the reason. */
async function withServices(
  { log }: StageContext,
  work: StepsWork,
  session: ExecutorSession,
  outcome: FailedOutcome,
): Promise<StageOutcome> {
  if (work.services.length === 0) return outcome;
  let { message } = outcome.failure;
  for (const { name, end, lastLines } of await session.describeServices()) {
    log.say(`service ${name} ${end ?? 'runs'}; it wrote ${lastLines.length === 0 ? 'nothing' : 'last:'}`);
    for (const line of lastLines) log.say(`service ${name}: ${line}`);
    if (end !== null) message += ` Service "${name}" ${end} meanwhile: its last lines stand in the log.`;
  }
  return { result: 'failed', failure: { ...outcome.failure, message } };
}

interface Opening {
  readonly opened: OpenedWorkspace | GoneWorkspace;
  readonly checkingOut: PromiseSettledResult<Result<void, string>>;
}

async function adoptOrOpen(executor: Executor, context: StageContext, work: StepsWork): Promise<Opening> {
  const services = servicesOf(context, work.services);
  if (!services.ok) {
    const refused = { kind: 'failed', reason: 'refused', message: services.error } as const;
    return { opened: refused, checkingOut: { status: 'fulfilled', value: ok(undefined) } };
  }
  if (context.earlier !== null && executor.adoptWorkspace !== null) {
    const adopted = await executor.adoptWorkspace(
      workspaceOf(context, work, noWait, services.value),
      context.signal,
    );
    const nothingToDo = { status: 'fulfilled', value: ok(undefined) } as const;
    if (adopted.kind === 'adopted') {
      return { opened: { kind: 'opened', session: adopted.session }, checkingOut: nothingToDo };
    }
    const { openStep, endedSteps } = context.earlier;
    const mayHaveBegun = openStep !== null || endedSteps.size > 0;
    if (adopted.kind === 'gone' || (adopted.kind === 'missing' && mayHaveBegun)) {
      const message = `The worker was killed in the middle of this stage, and ${adopted.message}.`;
      return { opened: { kind: 'failed', reason: 'gone', message }, checkingOut: nothingToDo };
    }
  }
  // What fails while both are under way must not be lost, nor leave the other's work behind.
  const checkedOut = context.checkOut();
  const spec = workspaceOf(context, work, checkedOut, services.value);
  const [opening, checkingOut] = await Promise.allSettled([
    executor.openWorkspace(spec, context.signal),
    checkedOut,
  ]);
  if (opening.status === 'rejected') throw opening.reason;
  return { opened: opening.value, checkingOut };
}

const noWait = Promise.resolve();

interface GoneWorkspace {
  readonly kind: 'failed';
  readonly reason: 'gone';
  readonly message: string;
}

type NotOpened = Extract<OpenedWorkspace, { readonly kind: 'failed' }>['reason'] | 'gone';

const failureClasses = {
  'image-pull': 'image-pull',
  'out-of-memory': 'out-of-memory',
  refused: 'failed',
  service: 'failed',
  cluster: 'infrastructure',
  gone: 'worker-lost',
} as const satisfies Record<NotOpened, Failure['class']>;

function servicesOf(
  { claim }: StageContext,
  services: readonly ServiceDefinition[],
): Result<readonly ServiceSpec[], string> {
  const specs: ServiceSpec[] = [];
  for (const service of services) {
    const env = ownEnv(claim, service.env);
    if (!env.ok) return err(`Service "${service.name}": ${env.error}`);
    specs.push({ ...service, env: env.value });
  }
  return ok(specs);
}

function workspaceOf(
  { claim, log, ...context }: StageContext,
  work: StepsWork,
  checkedOut: Promise<unknown>,
  services: readonly ServiceSpec[],
): WorkspaceSpec {
  return {
    image: work.image,
    workspace: context.workspace,
    filled: checkedOut.catch(() => undefined),
    scratch: context.scratch,
    labels: context.labels,
    network: work.network,
    resources: work.resources,
    services,
    user: work.user,
    readOnlyRoot: work.readOnlyRoot,
    told: context.told,
    timeoutMs: claim.stage.timeoutMs,
    ...(work.keepOnFailureMs !== undefined && { keptMs: work.keepOnFailureMs }),
    pod: work.pod,
    homeFolders: cachedHomeFolders(work),
    registryCredentials: claim.registryCredentials,
    onProgress: log.say,
  };
}

function notStarted(
  { log, signal, earlier }: StageContext,
  work: StepsWork,
  failureClass: Failure['class'],
  message: string,
): StageOutcome {
  log.say(message);
  for (const index of work.steps.keys()) {
    if (earlier?.endedSteps.has(index) !== true) log.stepFinished(index, 'skipped', null);
  }
  return signal.aborted ? stoppedOutcome(signal) : failed(failureClass, message, null);
}

function situationOf(signal: AbortSignal, failure: Failure | null): StepSituation {
  if (signal.aborted) return signal.reason.kind === 'cancelled' ? 'cancelled' : 'failure';
  return failure === null ? 'success' : 'failure';
}

async function collectOutputs(
  { workspace, log }: StageContext,
  work: StepsWork,
  session: ExecutorSession,
): Promise<StageOutcome> {
  for (const { file } of Object.values(work.outputs)) if (isInside(file)) await session.fetchFile(file);
  const outputs = await readOutputs(workspace, work.outputs);
  if (outputs.ok) return { result: 'succeeded', outputs: outputs.value };
  log.say(outputs.error);
  return failed('failed', outputs.error, null);
}

function failed(failureClass: Failure['class'], message: string, exitCode: number | null): StageOutcome {
  return { result: 'failed', failure: { class: failureClass, message, exitCode } };
}
