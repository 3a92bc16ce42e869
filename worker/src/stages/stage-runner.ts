import type Docker from 'dockerode';
import type { Claim } from '@sluice/pipelines/protocol/worker-api';
import type { StageReports } from '@sluice/pipelines/reports/test-report';
import type { Result } from '@sluice/pipelines/result';
import type { Failure, StageOutcome } from '@sluice/pipelines/run/run-state';
import type { KeptFilesClient } from '../server-client/kept-files-client.ts';
import type { ExecutorSession } from '../executors/executor.ts';
import type { OpenStep } from './attempt-history.ts';

/**
 * Carries out one attempt of one kind of stage. A failing command, build or scan is an outcome; a rejected
 * promise means that we failed, and becomes the failure class `infrastructure`. Everything made on an engine
 * carries `labels` and is removed before the promise settles, also when `signal` aborts.
 */
export type StageRunner = (context: StageContext) => Promise<StageOutcome>;

export interface StageContext {
  readonly claim: Claim;
  /** The checked-out repository on this host; empty where the stage asked for no checkout. */
  readonly workspace: string;
  /**
   * Fills the workspace, once however often it is called; its error is a sentence for people. Only runners of `steps`
   * are called before: what they take up again may need no checkout, and meanwhile they do what needs no files.
   */
  readonly checkOut: () => Promise<Result<void, string>>;
  /** A folder of this attempt's own, outside the workspace; removed afterwards. */
  readonly scratch: string;
  readonly docker: Docker;
  /** `sluice`, `sluice.run`, `sluice.stage`, `sluice.attempt`, `sluice.fence`. */
  readonly labels: Readonly<Record<string, string>>;
  readonly log: StageLog;
  readonly blobs: BlobClient;
  /** Artifacts and caches. */
  readonly keptFiles: KeptFilesClient;
  /** Tells what test tools said, without secrets; tries again while the server is away. */
  readonly sendReports: (reports: StageReports, signal: AbortSignal) => Promise<void>;
  /** Where a dead process of this worker left the attempt; null: it begins. */
  readonly earlier: EarlierProgress | null;
  /** For a person's shell into the session while it is open. */
  readonly desk: SessionDesk;
  /** Awaited when a step has failed, before its end is logged: it is known again to a process that takes over. */
  readonly keepFailure: (failure: Failure) => Promise<void>;
  /** Awaited before anything of the attempt is removed: a process that takes over ends it so. */
  readonly keepOutcome: (outcome: StageOutcome) => Promise<void>;
  /** Aborts, after `signal`, when nobody waits for clean-up any more. */
  readonly forced: AbortSignal;
  /** Milliseconds since the epoch, as this attempt counts them: its own times may be compared with each other. */
  readonly now: () => number;
  /** Resolves when all that was logged so far would be known to a process that takes over. */
  readonly kept: () => Promise<void>;
  /** Resolves when the server has all that was logged so far, or when `signal` aborts. */
  readonly told: () => Promise<void>;
  /** Aborts on cancel, timeout, loss of the attempt and when the worker cannot go on; `signal.reason` is a StopReason. */
  readonly signal: AbortSignal;
}

/** Where a runner shows its session, so that people may look into it. */
export interface SessionDesk {
  /** Shells may be opened in it from here on. `env`: what the step under way, or the last one, has. */
  readonly show: (session: ExecutorSession, env: () => Readonly<Record<string, string>>) => void;
  /** Keeps a failed session for a shell. True: it is disposed of later, and not by the caller. */
  readonly keep: (session: ExecutorSession, forMs: number) => Promise<boolean>;
  /** To be called before the session is disposed of. Idempotent. */
  readonly hide: () => void;
}

export interface EarlierProgress {
  readonly endedSteps: ReadonlySet<number>;
  readonly openStep: OpenStep | null;
  /** The first failure so far. */
  readonly failure: Failure | null;
}

export type StopReason =
  | { readonly kind: 'cancelled'; readonly reason: string }
  | { readonly kind: 'timeout'; readonly afterMs: number }
  | { readonly kind: 'lost' }
  /** We cannot go on with it. */
  | { readonly kind: 'failed'; readonly failure: Failure };

/** Lines are split, masked, numbered and spooled behind this. */
export interface StageLog {
  /** Raw output of the step that is running; chunks may end anywhere. */
  readonly write: (stream: 'stdout' | 'stderr', chunk: Uint8Array) => void;
  /** One line of the engine's own words. */
  readonly say: (line: string) => void;
  /** `number`: which try of it, from 1 (default). */
  readonly stepStarted: (step: number, number?: number) => void;
  readonly stepFinished: (
    step: number,
    result: 'succeeded' | 'failed' | 'skipped' | 'cancelled',
    exitCode: number | null,
    /** Why it failed, for whoever takes the attempt over. */
    failure?: Failure | null,
  ) => void;
  /** Resolves when the spool has room again; await it between chunks of a fast source. */
  readonly drained: () => Promise<void>;
}

/** Files that outlive the attempt (scan reports, SBOMs), kept by the server. */
export interface BlobClient {
  readonly put: (
    name: string,
    body: Uint8Array,
  ) => Promise<{ readonly sha256: string; readonly bytes: number }>;
}
