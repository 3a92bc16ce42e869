// The server's one door for workers, `/worker/*`, with `Authorization: Bearer <worker token>`.
//
//   POST /worker/claims              claimRequest   → 200 claimAnswer
//   POST /worker/exchange            exchange       → 200 exchangeAnswer
//   POST /worker/attempts/:id/adopt  adoptRequest   → 200 claimAnswer
//   POST /worker/held                heldRequest    → 200 heldAttempts
//   GET  /worker/attempts/:id/past?fence=  → 200 JSON lines: attemptPast, then pastChunk … | 409 staleFence
//   POST /worker/attempts/:id/records recordBatch   → 200 recordAck | 409 staleFence
//   POST /worker/attempts/:id/hold   holdRequest    → 200 holdAnswer | 409
//   POST /worker/attempts/:id/hold/end holdEnd      → 200 {}
//   GET  /worker/shells/:sessionId   a WebSocket; see shell.ts
//   POST /worker/heartbeat           heartbeat      → 200 heartbeatAnswer
//   POST /worker/actions/claims      actionClaimRequest → 200 actionClaimAnswer
//   POST /worker/actions/:rolloutId/:action/result  actionReport → 200 {} | 409 staleFence
//   PUT  /worker/attempts/:id/blobs/:name  raw body, header x-sluice-fence → 200 { sha256, bytes }
//   GET  /worker/attempts/:id/blobs/:name  of the same run → raw body
//   POST /worker/orphans/standings, /worker/orphans/look  see orphans.ts
import { z } from 'zod';
import { failureClasses } from '../language/definition.ts';
import type { PlaceTarget } from './environment.ts';
import type { ClaimedArtifact } from './kept-files.ts';
import type { RolloutAction, RolloutSpec, ActionResult } from '../rollout/rollout-state.ts';
import type { PlannedStage } from '../plan/plan.ts';
import type { Failure, StageOutcome } from '../run/run-state.ts';

export const claimRequest = z.object({
  runId: z.uuid(),
  stage: z.string(),
  attempt: z.number().int().min(1),
  workerId: z.string().min(1).max(200),
  /** This process asked for it before and has heard no answer: it does not have it. */
  again: z.boolean().exactOptional(),
  /** Where this worker runs stages with an image. */
  executor: z.enum(['docker', 'kubernetes']).optional(),
  /** Cluster and namespace in which it runs them as pods, and takes up those of others. */
  pods: z.string().min(1).max(300).optional(),
});
export type ClaimRequest = z.infer<typeof claimRequest>;

/** A worker that was killed asks for the claim of what it still holds; `fence`: the last one that it knows. */
export const adoptRequest = z.object({
  workerId: z.string().min(1).max(200),
  fence: z.number().int().min(1),
});
export type AdoptRequest = z.infer<typeof adoptRequest>;

export const heldRequest = z.object({ workerId: z.string().min(1).max(200) });

/**
 * What the server believes a worker to hold; a worker that starts looks for what it was given and never heard of. To
 * ask renews the leases of it all: the worker is back, though it has not taken up one of them yet.
 */
export const heldAttempts = z.object({
  attempts: z.array(
    z.object({
      attemptId: z.uuid(),
      runId: z.uuid(),
      stage: z.string(),
      attempt: z.number().int().min(1),
      fence: z.number().int().min(1),
    }),
  ),
});
export type HeldAttempts = z.infer<typeof heldAttempts>;

/** Refusals are answers, not errors: the job is done for this worker. */
export type ClaimAnswer =
  | {
      readonly kind: 'claimed';
      readonly claim: Claim;
      /** Another worker had it and was lost; its pod goes on. What the server has of it is to be read first. */
      readonly isTakenOver: boolean;
    }
  /** `held`: another worker (or this one already) has it; `over`: cancelled, finished or unknown; `not-ready`: only a worker of another place can have it. */
  | { readonly kind: 'refused'; readonly reason: 'held' | 'over' | 'not-ready' };

/** Everything a worker needs for one attempt. The only message that ever holds secrets in plain text. */
export interface Claim {
  readonly attemptId: string;
  readonly runId: string;
  readonly runNumber: number;
  readonly project: string;
  readonly fence: number;
  readonly installation: string;
  readonly attempt: number;
  /** With every template rendered. */
  readonly stage: PlannedStage;
  /** Environment of the stage, pipeline's and stage's merged, secrets resolved. Steps add their own from `stage.work`. */
  readonly env: Readonly<Record<string, string>>;
  /** Secret name → plain value, for steps' own `env` and for masks. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly checkout: CheckoutSpec;
  /** Outputs of stages that this one needs, directly or not: stage id → outputs. */
  readonly outputs: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly registryCredentials: readonly RegistryCredential[];
  /** To be unpacked in the workspace, in this order. Absent: none. */
  readonly artifacts?: readonly ClaimedArtifact[];
  /** Of a push that attaches it: how its image was made. */
  readonly provenance?: ImageOrigin;
  /** What one step may print at most; a step that prints more is ended. */
  readonly stepLogBytes: number;
}

/** What is said about an image beside its digest. */
export interface ImageOrigin {
  readonly repository: string;
  /** `refs/heads/main`, `refs/tags/v1`. */
  readonly ref: string;
  readonly event: string;
  /** Path of the pipeline file; null: not known any more. */
  readonly file: string | null;
  readonly pipeline: string;
  readonly stage: string;
  /** What it was built of, with nothing left to fill in. */
  readonly build: {
    readonly file: string;
    readonly context: string;
    readonly target: string | null;
    readonly args: Readonly<Record<string, string>>;
    readonly platform: string | null;
  };
  /** Milliseconds since the epoch; null: the build's result was not made in this run. */
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
}

export const defaultStepLogBytes = 1_000_000_000;

export interface CheckoutSpec {
  readonly repositoryId: string;
  /** `file:`, `https:` or `ssh:`; credentials are separate. */
  readonly url: string;
  readonly commit: string;
  readonly username: string | null;
  readonly password: string | null;
}

export interface RegistryCredential {
  readonly host: string;
  readonly username: string;
  readonly password: string;
}

/** One line of a log. Index 0: ms since the attempt started · 1: `o` stdout, `e` stderr, `s` the engine's own words · 2: text. */
export const logLine = z.tuple([z.number().int().min(0), z.enum(['o', 'e', 's']), z.string()]);
export type LogLine = z.infer<typeof logLine>;

export const failure = z.object({
  class: z.enum(failureClasses),
  message: z.string(),
  exitCode: z.number().int().nullable(),
}) satisfies z.ZodType<Failure>;

export const stageOutcome: z.ZodType<StageOutcome> = z.discriminatedUnion('result', [
  z.object({ result: z.literal('succeeded'), outputs: z.record(z.string(), z.string()) }),
  z.object({ result: z.literal('failed'), failure }),
  z.object({ result: z.literal('cancelled'), reason: z.string() }),
]);

/**
 * A worker's spool, one numbered sequence per attempt. `finished` is always the last record and states the whole
 * log: how many lines, and the SHA-256 (hex) over every line's text followed by "\n", in order.
 */
export const workerRecord = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('log'),
    number: z.number().int().min(1),
    /** Index of the step, -1 for what belongs to none (checkout, clean-up). */
    step: z.number().int().min(-1),
    /** Number of the first line in the attempt's log, from 0. */
    firstLine: z.number().int().min(0),
    lines: z.array(logLine).min(1).max(10_000),
  }),
  z.object({
    kind: z.literal('step-started'),
    number: z.number().int().min(1),
    step: z.number().int().min(0),
    at: z.number().int(),
    /** Which try of the step begins, and at which line of the log; absent: the worker is of an earlier version. */
    try: z.object({ number: z.number().int().min(1), firstLine: z.number().int().min(0) }).exactOptional(),
  }),
  z.object({
    kind: z.literal('step-finished'),
    number: z.number().int().min(1),
    step: z.number().int().min(0),
    result: z.enum(['succeeded', 'failed', 'skipped', 'cancelled']),
    exitCode: z.number().int().nullable(),
    /** Why it failed, in the words of the stage's outcome. */
    failure: failure.nullable().default(null),
    at: z.number().int(),
  }),
  z.object({
    kind: z.literal('finished'),
    number: z.number().int().min(1),
    outcome: stageOutcome,
    logLines: z.number().int().min(0),
    logDigest: z.string().regex(/^[0-9a-f]{64}$/),
    at: z.number().int(),
  }),
]);
export type WorkerRecord = z.infer<typeof workerRecord>;

/** Records in order, without gaps among themselves. Those that the server already has are acknowledged again. */
export const recordBatch = z.object({
  fence: z.number().int().min(1),
  records: z.array(workerRecord).min(1).max(1_000),
  /** What the clock of the records' times shows as they are sent; absent: the worker is of an earlier version. */
  sentAt: z.number().exactOptional(),
});
export type RecordBatch = z.infer<typeof recordBatch>;
/** Every record up to and including `acknowledged` is safe and may leave the spool. */
export const recordAck = z.object({ acknowledged: z.number().int().min(0), cancel: z.string().nullable() });
export type RecordAck = z.infer<typeof recordAck>;
/** A batch of one attempt, beside others. */
export const report = recordBatch.extend({ attemptId: z.uuid() });
export type Report = z.infer<typeof report>;

/**
 * Claims and small reports of one worker that came together, as they would be sent alone (`claimRequest`, `report`). Each is
 * parsed, carried out and answered for itself: none spoils another.
 */
export const exchange = z.object({
  claims: z.array(z.unknown()).max(500),
  reports: z.array(z.unknown()).max(500),
});
/** What the call alone would have been answered: its body, or its status and problem. */
export const exchanged = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('answered'), answer: z.unknown() }),
  z.object({
    kind: z.literal('refused'),
    status: z.number().int().min(400).max(599),
    reason: z.string(),
    message: z.string(),
  }),
]);
export type Exchanged = z.infer<typeof exchanged>;
/** In the order of the question. */
export const exchangeAnswer = z.object({ claims: z.array(exchanged), reports: z.array(exchanged) });
export type ExchangeAnswer = z.infer<typeof exchangeAnswer>;
export const staleFence = z.object({ reason: z.literal('stale-fence'), message: z.string() });

/** How far an attempt has come, as the server knows it. */
export const attemptPast = z.object({
  /** Number of the last record. */
  records: z.number().int().min(0),
  lines: z.number().int().min(0),
  /** Milliseconds since the epoch; times of lines count from here. */
  startedAt: z.number(),
  endedSteps: z.array(z.number().int().min(0)),
  openStep: z
    .object({
      index: z.number().int().min(0),
      /** Of its newest try. */
      startedAt: z.number(),
      /** Absent: a worker or a server of an earlier version had it. */
      try: z.object({ number: z.number().int().min(1), firstLine: z.number().int().min(0) }).exactOptional(),
    })
    .nullable(),
  /** Of the first step that failed. */
  failure: failure.nullable(),
});
export type AttemptPast = z.infer<typeof attemptPast>;
export const pastChunk = z.object({ step: z.number().int().min(-1), lines: z.array(logLine).readonly() });
export type PastChunk = z.infer<typeof pastChunk>;

export const heartbeat = z.object({
  workerId: z.string().min(1).max(200),
  pool: z.string(),
  slots: z.number().int().min(1),
  attempts: z.array(z.object({ attemptId: z.uuid(), fence: z.number().int() })),
  /** Failed attempts whose container it keeps for a shell. */
  holds: z.array(z.uuid()).default([]),
  /** Actions of rollouts under way; absent: the worker is of an earlier version, and keeps all that it was given. */
  actions: z
    .array(z.object({ rolloutId: z.uuid(), action: z.number().int().min(1), fence: z.number().int() }))
    .exactOptional(),
  /**
   * `draining`: takes no more · `handing-over`: ends now, and leaves these attempts to the next process of this
   * worker, those in pods to whichever worker comes first. Absent: it works.
   */
  state: z.enum(['draining', 'handing-over']).optional(),
});
export type Heartbeat = z.input<typeof heartbeat>;
export const heartbeatAnswer = z.object({
  /** Attempts to stop, with the reason. */
  cancel: z.array(
    z.object({
      attemptId: z.uuid(),
      reason: z.string(),
      /** At once: no clean-up steps, no time to end by itself. */
      force: z.boolean().default(false),
    }),
  ),
  /** Attempts that are no longer this worker's: stop, clean up, report nothing. */
  lost: z.array(z.uuid()),
  /** Held containers to remove: nobody may want them any more. */
  release: z.array(z.uuid()).default([]),
  /** Shells that people wait for; each token opens its session once. */
  shells: z
    .array(
      z.object({
        sessionId: z.uuid(),
        attemptId: z.uuid(),
        /** Base address of the server that the person is on; null: the one that the worker knows. */
        url: z.string().nullable(),
        token: z.string(),
      }),
    )
    .default([]),
});
export type HeartbeatAnswer = z.infer<typeof heartbeatAnswer>;

/** The container of a failed attempt stays for a shell; asked before its end is reported. */
export const holdRequest = z.object({
  workerId: z.string().min(1).max(200),
  fence: z.number().int().min(1),
  forMs: z.number().int().min(1_000),
});
export type HoldRequest = z.infer<typeof holdRequest>;
/** May be shorter than what was asked for. */
export const holdAnswer = z.object({ forMs: z.number().int().min(1) });

/** The container is gone, and why. */
export const holdEnd = z.object({ workerId: z.string().min(1).max(200), reason: z.string().max(500) });
export type HoldEnd = z.infer<typeof holdEnd>;

export const actionClaimRequest = z.object({
  rolloutId: z.uuid(),
  action: z.number().int().min(1),
  workerId: z.string().min(1).max(200),
});
export type ActionClaimRequest = z.infer<typeof actionClaimRequest>;
export type ActionClaimAnswer =
  | { readonly kind: 'claimed'; readonly claim: ActionClaim }
  | { readonly kind: 'refused'; readonly reason: 'held' | 'over' };

export interface ActionClaim {
  readonly rolloutId: string;
  readonly action: number;
  readonly fence: number;
  readonly installation: string;
  readonly project: string;
  readonly what: RolloutAction;
  readonly spec: RolloutSpec;
  readonly target: PlaceTarget;
  /** `spec.work.container.env` with secrets resolved. */
  readonly containerEnv: Readonly<Record<string, string>>;
  /** Text of the kubeconfig; null: the worker's own. */
  readonly kubeconfig: string | null;
  readonly checkout: CheckoutSpec;
  readonly registryCredentials: readonly RegistryCredential[];
  /** Plain values to mask in every message. */
  readonly secrets: readonly string[];
}

/** Parsed by `parseActionReport`. */
export interface ActionReport {
  readonly fence: number;
  readonly result: ActionResult;
  /** What was done, for the stage's log; already masked. */
  readonly lines: readonly string[];
}
