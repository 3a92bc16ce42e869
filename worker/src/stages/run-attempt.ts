// One attempt from its claim to its last acknowledged record:
//
//   spool, log ─► folders ─► checkout, stage runner ─► folders emptied ─► `finished` ─► all acknowledged
//
// The upload runs beside it all the while. When the attempt is lost, nothing more is told and the spool goes.
import { setTimeout as sleep } from 'node:timers/promises';
import { rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type Docker from 'dockerode';
import type { Logger } from 'pino';
import type { Claim } from '@sluice/pipelines/protocol/worker-api';
import { ok, type Result } from '@sluice/pipelines/result';
import type { StageOutcome } from '@sluice/pipelines/run/run-state';
import { filesAlone, type Checkout } from '../checkout/check-out.ts';
import { createAttemptLog, type AttemptLog } from '../logs/attempt-log.ts';
import { createMask, type Mask } from '../logs/mask.ts';
import { StepLostError } from '../executors/executor.ts';
import { attemptClock, type Clock } from '../attempt-clock.ts';
import { maskReports } from '../reports/mask-reports.ts';
import { openSessionDesk } from '../shells/session-desk.ts';
import type { ShellHost } from '../shells/shell-host.ts';
import type { ServerClient } from '../server-client/server-client.ts';
import type { EarlierAttempt } from '../spool/find-unfinished.ts';
import { createSpool, defaultSpoolLimits, type Spool } from '../spool/spool.ts';
import { uploadSpool } from '../spool/upload-spool.ts';
import type { WorkerFolder } from '../worker-folder.ts';
import { emptyAttemptFolders, forgetAttempt, type AttemptFolders } from './attempt-folders.ts';
import { writeAttemptRecord, type AttemptRecord } from './attempt-record.ts';
import { diskProblem, spoolProblem } from './disk-problem.ts';
import { failed } from './failed-outcome.ts';
import { fillWorkspace } from './fill-workspace.ts';
import type { LiveAttempt } from './live-attempt.ts';
import type { StageRunners } from './stage-registry.ts';
import type { StageContext, StopReason } from './stage-runner.ts';
import { stoppedOutcome } from './stopped-outcome.ts';

/** What an attempt says and asks while it is carried out, to whoever decides what runs. */
export type AttemptDoor = Pick<ServerClient, 'postRecords' | 'keptFiles' | 'blobs'>;

export interface AttemptDependencies {
  readonly folder: WorkerFolder;
  readonly server: AttemptDoor;
  readonly docker: Docker;
  readonly checkout: Checkout;
  readonly runners: StageRunners;
  readonly shells: ShellHost;
  /** Cluster and namespace in which this worker runs stages as pods; null: it does not. */
  readonly pods: string | null;
  readonly log: Logger;
  readonly clock: Clock;
  /** Ends every process on this host that belongs to an attempt. */
  readonly endProcesses: (attemptId: string) => Promise<void>;
  /** Where the attempt's files are; disposing leaves nothing that is not to be kept. */
  readonly openFolders: (attempts: string, attemptId: string) => Promise<AttemptFolders>;
}

/**
 * Resolves when nothing of the attempt is left on this host and the server has every record of it, however long the
 * server is away; or as soon as possible after `abandon` aborts: the spool then stays for the next start. `earlier`:
 * where a dead process of this worker, or another worker, left it.
 * A disk that refuses its records ends it as `infrastructure`.
 */
export async function runAttempt(
  deps: AttemptDependencies,
  claim: Claim,
  attempt: LiveAttempt,
  abandon: AbortSignal,
  earlier: EarlierAttempt | null = null,
): Promise<void> {
  const { folder, clock } = deps;
  const log = deps.log.child({ attemptId: claim.attemptId, stage: claim.stage.id });
  const spool = await createSpool(
    join(folder.spools, `${claim.attemptId}-${claim.fence}.jsonl`),
    { attemptId: claim.attemptId, fence: claim.fence },
    {
      ...defaultSpoolLimits,
      onProblem: (error) => void endForDisk(deps, attempt, log, error),
    },
    earlier?.records,
    earlier?.records.length === 0 ? earlier.history.records : 0,
  );
  // Cut rather than removed: a worker that is killed now must not begin from what the server already has.
  if (typeof earlier?.path === 'string') await truncate(earlier.path).catch(() => undefined);
  const record = earlier?.record ?? {
    startedAt: clock.now(),
    startedTick: clock.tick(),
    failure: null,
    outcome: null,
  };
  const now = attemptClock(clock, record);
  const upload = startUpload(deps, spool, attempt, { log, now }, abandon);
  const mask = createMask({ ...claim.secrets, ...credentialsOf(claim) });
  const attemptLog = createAttemptLog(spool, mask, now, record.startedAt, earlier?.history);
  const told = (): Promise<void> => untilAcknowledged(spool, attempt.signal);
  const outcome = await carryOut({ deps, claim, attempt, attemptLog, mask, log, record, earlier, now, told });
  if (attempt.isLost()) attemptLog.drop();
  else {
    sayWhyEnded(attemptLog, attempt.signal);
    attemptLog.finish(maskOutcome(outcome, mask));
  }
  await spool.written();
  await forgetAttempt(folder.attempts, claim.attemptId);
  await upload.delivered();
  await spool.close(attempt.isLost() || spool.unacknowledged() === 0 ? 'remove' : 'keep');
  if (typeof earlier?.path === 'string') await rm(earlier.path, { force: true });
  log.info({ result: attempt.isLost() ? 'lost' : outcome.result }, 'attempt ended');
}

/** Other reasons are told where they arise. */
function sayWhyEnded(log: AttemptLog, { reason }: AbortSignal): void {
  const why: StopReason | undefined = reason;
  if (why?.kind === 'failed') log.say(why.failure.message);
}

/** Nobody may rely on what is not written down: a process that takes over would not know of it. */
async function endForDisk(
  { folder }: AttemptDependencies,
  attempt: LiveAttempt,
  log: Logger,
  error: unknown,
): Promise<void> {
  log.error({ err: error, folder: folder.spools }, 'the spool could not be written: the attempt is ended');
  const message = await spoolProblem(folder.spools, error);
  attempt.stop({ kind: 'failed', failure: { class: 'infrastructure', message, exitCode: null } });
}

function startUpload(
  { server }: AttemptDependencies,
  spool: Spool,
  attempt: LiveAttempt,
  { log, now }: Pick<AttemptParts, 'log' | 'now'>,
  abandon: AbortSignal,
): { delivered: () => Promise<void> } {
  const ended = new AbortController();
  const uploading = uploadSpool(
    server,
    spool,
    {
      onCancel: (reason) => attempt.stop({ kind: 'cancelled', reason }),
      onLost: (message) => {
        log.warn(message);
        attempt.stop({ kind: 'lost' });
      },
      log,
      now,
    },
    AbortSignal.any([ended.signal, abandon]),
  );
  return {
    delivered: async () => {
      while (spool.unacknowledged() > 0 && !attempt.isLost() && !abandon.aborted)
        await spool.changed(abandon);
      ended.abort();
      await uploading;
    },
  };
}

async function untilAcknowledged(spool: Spool, signal: AbortSignal): Promise<void> {
  while (spool.unacknowledged() > 0 && !signal.aborted) await spool.changed(signal);
}

interface AttemptParts {
  readonly deps: AttemptDependencies;
  readonly claim: Claim;
  readonly attempt: LiveAttempt;
  readonly attemptLog: AttemptLog;
  readonly mask: Mask;
  readonly log: Logger;
  readonly record: AttemptRecord;
  readonly earlier: EarlierAttempt | null;
  /** Time of this attempt, which no change of the host's clock disturbs. */
  readonly now: () => number;
  readonly told: () => Promise<void>;
}

/** Runs the stage in folders of its own; whatever is thrown becomes an outcome. */
async function carryOut(parts: AttemptParts): Promise<StageOutcome> {
  const { deps, claim, attempt, attemptLog, mask, log, record, earlier, now } = parts;
  const { timeoutMs } = claim.stage;
  const timer = new AbortController();
  const leftMs = Math.max(0, record.startedAt + timeoutMs - now());
  const timeout = sleep(leftMs, undefined, { signal: timer.signal }).then(
    () => attempt.stop({ kind: 'timeout', afterMs: timeoutMs }),
    () => undefined,
  );
  try {
    const wasUsed = earlier?.wasUsed ?? false;
    if (!wasUsed) await emptyAttemptFolders(deps.folder.attempts, claim.attemptId);
    await using folders = await deps.openFolders(deps.folder.attempts, claim.attemptId);
    await writeAttemptRecord(folders.root, record);
    if (record.outcome !== null) return record.outcome;
    if (earlier !== null && claim.stage.work.kind !== 'steps') attemptLog.say(begunAgain);
    for (const name of earlier === null ? mask.unmasked : []) {
      attemptLog.say(
        `secret "${name}" is shorter than 4 characters and is not masked in this log; make it longer`,
      );
    }
    const outcome = await runStage(parts, folders, wasUsed);
    return attempt.isShutDown() && outcome.result !== 'succeeded' ? workerStopped : outcome;
  } catch (error) {
    if (attempt.isShutDown()) return workerStopped;
    if (attempt.signal.aborted) return stoppedOutcome(attempt.signal);
    if (error instanceof StepLostError) {
      attemptLog.say(error.message);
      return failed(error.message, 'worker-lost');
    }
    log.error(error, 'attempt failed for our own reasons');
    const said = error instanceof Error ? error.message : String(error);
    const todo = (await diskProblem(deps.folder.attempts)) ?? "See the worker's own log, then run it again.";
    const message = `The worker could not carry out this stage: ${said}. This is not the pipeline's fault. ${todo}`;
    attemptLog.say(message);
    return failed(message, 'infrastructure');
  } finally {
    timer.abort();
    await timeout;
  }
}

/** Steps go on without their worker; whatever else a worker does ends with it, and does no harm done twice. */
const begunAgain =
  'the worker was started again in the middle of this stage, which is carried out anew from its beginning';

async function runStage(
  {
    deps,
    claim,
    attempt: { signal, forced },
    attemptLog: log,
    mask,
    record,
    earlier,
    now,
    told,
  }: AttemptParts,
  folders: AttemptFolders,
  wasUsed: boolean,
): Promise<StageOutcome> {
  const { checkout, docker, runners, server, folder } = deps;
  const { root, workspace, scratch } = folders;
  const { work, id } = claim.stage;
  if (work.kind === 'deploy' || work.kind === 'approve' || work.kind === 'matrix' || work.kind === 'use') {
    throw new Error(`stage "${id}" is of kind ${work.kind}, which no attempt carries out`);
  }
  const wishes = work.kind === 'steps' || work.kind === 'build' ? (work.checkout ?? true) : true;
  const isWanted = !wasUsed && wishes !== false;
  const keptFiles = server.keptFiles(claim.attemptId, claim.fence);
  const place = { workspace, scratch, say: log.say };
  const fill = async (): Promise<Result<void, string>> => {
    const more = typeof wishes === 'object' ? wishes : filesAlone;
    const result = isWanted ? await checkout.checkOut(claim.checkout, place, signal, more) : ok(undefined);
    return result.ok && !wasUsed ? await fillWorkspace({ claim, ...place, keptFiles, signal }) : result;
  };
  let filling: Promise<Result<void, string>> | null = null;
  const checkOut = (): Promise<Result<void, string>> => (filling ??= fill());
  if (work.kind !== 'steps') {
    const result = await checkOut();
    if (!result.ok) {
      log.say(result.error);
      return signal.aborted ? stoppedOutcome(signal) : failed(result.error, 'infrastructure');
    }
  }
  let kept = record;
  const keep = (more: Partial<AttemptRecord>): Promise<void> => {
    kept = { ...kept, ...more };
    return writeAttemptRecord(root, kept);
  };
  const context: StageContext = {
    claim,
    workspace,
    checkOut,
    scratch,
    docker,
    labels: labelsOf(claim, folder.workerId),
    log,
    blobs: server.blobs(claim.attemptId, claim.fence, signal),
    keptFiles,
    sendReports: (reports, until) => keptFiles.sendReports(maskReports(reports, mask.redact), until),
    signal,
    forced,
    now,
    kept: log.kept,
    told,
    earlier: earlier === null ? null : { ...earlier.history, failure: record.failure },
    desk: openSessionDesk(deps.shells, claim, mask, folders),
    keepFailure: async (failure) => {
      if (kept.failure === null) await keep({ failure });
    },
    keepOutcome: (outcome) => keep({ outcome: maskOutcome(outcome, mask) }),
  };
  return await runners[work.kind](context);
}

/** `sluice.worker` lets a worker that starts again find what its dead process left. */
function labelsOf(claim: Claim, workerId: string): Readonly<Record<string, string>> {
  return {
    sluice: claim.installation,
    'sluice.run': claim.runId,
    'sluice.stage': claim.stage.id,
    'sluice.attempt': String(claim.attempt),
    'sluice.fence': String(claim.fence),
    'sluice.worker': workerId,
  };
}

function credentialsOf({ checkout, registryCredentials }: Claim): Record<string, string> {
  const registries = registryCredentials.map(({ host, password }) => [`password of ${host}`, password]);
  return {
    ...(checkout.password === null ? {} : { 'password of the repository': checkout.password }),
    ...Object.fromEntries(registries),
  };
}

/** A message or an output may quote what a command said. */
function maskOutcome(outcome: StageOutcome, mask: Mask): StageOutcome {
  switch (outcome.result) {
    case 'succeeded': {
      const outputs = Object.entries(outcome.outputs).map(([name, value]) => [name, mask.redact(value)]);
      return { result: 'succeeded', outputs: Object.fromEntries(outputs) };
    }
    case 'failed':
      return {
        result: 'failed',
        failure: { ...outcome.failure, message: mask.redact(outcome.failure.message) },
      };
    case 'cancelled':
      return outcome;
  }
}

const workerStopped: StageOutcome = failed(
  'The worker was stopped while it carried out this stage. Run it again, or allow "infrastructure" in its retry.',
  'infrastructure',
);
