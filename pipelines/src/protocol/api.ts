// What people's tools see: `/api/*`, with a session cookie or `Authorization: Bearer <token>`. Times are
// milliseconds since the epoch.
//
//   GET  /api/session                         sessionView | 401        POST /api/session {token} (one-time or API token) · DELETE /api/session
//   GET  /api/runs?project&status&branch&pipeline&before&limit     { runs: runSummary[], next: string | null }
//   POST /api/runs              startRun      → 201 { runId }
//   GET  /api/manual-starts?repository&branch&commit   manualStartsView   (what a person may start, and its inputs)
//   GET  /api/runs/:id                        runView
//   POST /api/runs/:id/cancel   {reason, force?}              → 202
//   POST /api/runs/:id/stages/:stage/cancel {reason, force?}  → 202
//   POST /api/runs/:id/rerun    rerun         → 201 { runId, number }
//   POST /api/runs/:id/rerun/preview  rerun   rerunPreview   (what would run and what is kept; starts nothing)
//   GET  /api/attempts/:id/log?from&limit     logPage
//   GET  /api/attempts/:id/log/search?text&from&most   logMatches
//   GET  /api/attempts/:id/reports            reportsView | 404
//   DELETE /api/attempts/:id/hold             → 202   (gives up what is kept for a shell)
//   GET  /api/rollouts/:id                    rolloutView
//   POST /api/runs/:id/stages/:stage/vote   vote → 202   (approve stages and approvals inside a rollout)
//   POST /api/rollouts/:id/abort | resume   {reason} → 202
//   GET  /api/environments                    { environments: environmentView[] }
//   PUT  /api/environments/:name              environmentConfig.target
//   PUT  /api/environments/:name/freeze       freezeRules → freezeView
//   POST /api/rollouts/:id/break-glass   {reason} → 202
//   POST /api/environments/:name/rollback   {releaseId?, reason} → 201 { runId }
//   GET  /api/repositories · PUT /api/repositories   repositoryConfig
//   PUT  /api/secrets/:name {value} (write only) · GET /api/secrets (names) · DELETE
//   POST /api/tokens {name} → { token } · GET /api/workers · GET /api/audit
//   GET  /api/projects   { projects: projectView[] } · PUT /api/projects/:project/limits   projectLimits
//   GET  /api/notifications   { channels: channelView[], messages: notificationView[] }
//   PUT · DELETE /api/notifications/:name   channelConfig → 204 · POST /api/notifications/:name/test → 202 { id }
//   GET  /api/deliveries · POST /api/deliveries/:id/replay
//   GET  /api/artifacts/:id                   raw (.tar.gz) · GET /api/artifacts/:id/files  artifactFilesView
//   GET  /api/artifacts/:id/files/<path>      raw, one file
//   GET  /api/attempts/:id/blobs/:name        raw (scan reports, SBOM)
import { z } from 'zod';
import type { Freeze } from '../freeze/freeze-at.ts';
import type { FreezeRules } from '../freeze/freeze-rules.ts';
import type { Diagnostic } from '../language/diagnostic.ts';
import type { CoverageCount, StageReports } from '../reports/test-report.ts';
import type { InputProblem } from '../plan/check-inputs.ts';
import type { ManualStart } from '../plan/manual-start.ts';
import type { Plan } from '../plan/plan.ts';
import type { ComparedDecision } from '../rollout/compare-decisions.ts';
import type { Difference } from '../rollout/drift.ts';
import type { ClusterStatus } from '../rollout/fleet/fleet-state.ts';
import type { MissingRight } from '../rollout/missing-rights.ts';
import type { FoundThere } from '../rollout/place-look.ts';
import type { Preflight } from '../rollout/preflight-report.ts';
import type { Decision, Rollout, RolloutPhase } from '../rollout/rollout-state.ts';
import type { RerunStage } from '../run/choose-rerun.ts';
import type { ForeseenFailure } from '../run/foresee-failure.ts';
import type { RunState, RunStatus, StageState } from '../run/run-state.ts';
import type { StageWait } from '../schedule/wait-reason.ts';
import type { Commit } from '../trigger/trigger.ts';
import type { EnvironmentTarget, PlaceTarget } from './environment.ts';

/** An error of the API: what happened and what to do about it. */
export interface ApiProblem {
  readonly reason: string;
  readonly message: string;
  /** Of a manual start: what is wrong with each input. */
  readonly inputs?: readonly InputProblem[];
}

export interface SessionView {
  readonly user: string;
  readonly role: 'admin';
  readonly installation: string;
  readonly version: string;
}

export interface RunSummary {
  readonly id: string;
  readonly number: number;
  readonly project: string;
  readonly repository: string;
  /** Name of the pipeline, or of the file when it could not be read. */
  readonly pipeline: string;
  readonly event: 'push' | 'tag' | 'pull_request' | 'schedule' | 'manual';
  /** Branch or tag. */
  readonly ref: string;
  readonly commit: { readonly sha: string; readonly message: string; readonly author: string };
  readonly actor: string;
  /** `awaiting-approval` and `held` are runs that wait for a person. */
  readonly status: RunStatus | 'awaiting-approval' | 'held';
  readonly createdAt: number;
  readonly finishedAt: number | null;
  /** Why a run that still goes on can only fail; null while it may succeed, and when it has ended. */
  readonly willFail: ForeseenFailure | null;
  /** The run that this one repeats; null for every other run. */
  readonly rerunOf: RerunOf | null;
  readonly stages: readonly {
    readonly id: string;
    readonly status: StageState['status'] | 'held' | 'rolling-back' | 'rolled-back';
  }[];
}

/** Which run is repeated, by whom, and how much of it. */
export interface RerunOf {
  readonly runId: string;
  readonly number: number;
  readonly by: string;
  readonly what: 'all' | 'failed' | 'from';
  /** The stage, with `from`. */
  readonly from: string | null;
  readonly plan: 'original' | 'current';
}

export interface RunView extends RunSummary {
  /** What of it waits for others now, and behind whom; absent from older servers. */
  readonly waits?: readonly StageWait[];
  /** Runs that repeat this one, oldest first. */
  readonly reruns: readonly { readonly id: string; readonly number: number; readonly by: string }[];
  /** Grows with every change of the run; a message with a lower one is old. */
  readonly revision: number;
  /** Null when the pipeline file is broken: then `diagnostics` says why. */
  readonly plan: Plan | null;
  readonly state: RunState | null;
  readonly diagnostics: readonly Diagnostic[];
  readonly attempts: readonly AttemptView[];
  readonly rollouts: readonly { readonly id: string; readonly stage: string; readonly phase: string }[];
  /** Oldest first. */
  readonly artifacts: readonly ArtifactView[];
}

export interface ArtifactView {
  readonly id: string;
  readonly stage: string;
  readonly attempt: number;
  /** Of the download, a gzipped tar. */
  readonly bytes: number;
  readonly unpackedBytes: number;
  readonly fileCount: number;
  readonly createdAt: number;
  readonly expiresAt: number;
  /** Its files were deleted when its time was over. */
  readonly isExpired: boolean;
}

/** The first files of an artifact, by path; `total` counts all. */
export interface ArtifactFilesView {
  readonly files: readonly {
    readonly path: string;
    readonly bytes: number;
    readonly kind: 'file' | 'link';
  }[];
  readonly total: number;
}

export interface AttemptView {
  readonly id: string;
  readonly stage: string;
  readonly attempt: number;
  readonly worker: string | null;
  readonly logLines: number;
  /** Null until the attempt ended; then what the worker stated, and whether the server's own count and digest agree. */
  readonly log: { readonly lines: number; readonly digest: string; readonly verified: boolean } | null;
  readonly blobs: readonly { readonly name: string; readonly bytes: number }[];
  /** Until when the failed attempt's container is kept for a shell; null: it is not. */
  readonly heldUntil: number | null;
  /** What test tools said, in figures; absent: nothing. */
  readonly reports?: Pick<ReportPoint, 'passed' | 'failed' | 'skipped' | 'lines'>;
}

/** What test tools said of one attempt, beside how it was before. */
export interface ReportsView extends StageReports {
  /** The newest attempts at this stage on this branch, the oldest first; this one is among them. */
  readonly trend: readonly ReportPoint[];
  /** Tests that passed and failed on one commit in the last 30 days, the latest first. */
  readonly flaky: readonly FlakyTestView[];
}

export interface ReportPoint {
  readonly runId: string;
  readonly runNumber: number;
  readonly at: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly testsMs: number;
  readonly lines: CoverageCount | null;
}

export interface FlakyTestView {
  readonly suite: string;
  readonly name: string;
  readonly commit: string;
  /** Failures on that commit. */
  readonly failures: number;
  readonly lastAt: number;
}

/** `step`: index of the step, -1 for none. */
export interface NumberedLine {
  readonly n: number;
  readonly step: number;
  readonly atMs: number;
  readonly stream: 'o' | 'e' | 's';
  readonly text: string;
}

export interface LogPage {
  readonly lines: readonly NumberedLine[];
  readonly total: number;
  readonly complete: boolean;
}

/** Numbers of lines that hold a text, in order. */
export interface LogMatches {
  readonly lines: readonly number[];
  /** The first line that was not looked at: ask again from there. Null: every line that there is was looked at. */
  readonly next: number | null;
}

export interface RolloutView {
  readonly id: string;
  readonly runId: string;
  readonly stage: string;
  readonly revision: number;
  readonly rollout: Rollout;
  readonly decisions: readonly DecisionView[];
  /** Weight, counts and latencies over time, oldest first, thinned to at most 500 points. */
  readonly history: readonly RolloutPoint[];
  /** Of a rollout over several clusters: how each of them stands, in the order of the waves. */
  readonly clusters?: readonly ClusterRolloutView[];
  /** Id of the rollout over several clusters that leads this one. */
  readonly leader?: string;
}

export interface ClusterRolloutView {
  readonly name: string;
  /** From 1. */
  readonly wave: number;
  readonly status: ClusterStatus;
  readonly note: string | null;
  readonly since: number;
  /** Its last rollout; null, as is its phase: it has had none. */
  readonly rolloutId: string | null;
  readonly phase: RolloutPhase['name'] | null;
  /** It is promoted when all clusters under way are. */
  readonly canPromote?: true;
}

export interface DecisionView extends Decision {
  /** SHA-256 over the decision and `previousHash`: the chain that an approval signs. */
  readonly hash: string;
  readonly previousHash: string | null;
}

/** The gate on the past of an environment, before a rollout begins. */
export interface PreflightView {
  readonly environment: string;
  /** When the past was read: at the beginning of the last rollout that could. */
  readonly readAt: number;
  readonly preflight: Preflight;
  /** The same in words. */
  readonly lines: readonly string[];
}

/** Every decision of a rollout made again from its stored evidence. */
export interface ReplayView {
  readonly rolloutId: string;
  readonly version: string;
  /** Every decision is the recorded one, byte for byte. */
  readonly isSame: boolean;
  /** Number of the first decision whose hash does not fit its content or the one before; null: all fit. */
  readonly brokenChainAt: number | null;
  /** Versions of the judge: of the recorded decisions, and of this server. */
  readonly judges: { readonly recorded: readonly string[]; readonly replayed: string };
  readonly decisions: readonly ComparedDecision[];
  /** Settings that were changed for the replay; empty: none. */
  readonly changes: readonly string[];
  readonly notes: readonly string[];
  /** How each story ends, or where it stands, as the name of its phase. */
  readonly ends: { readonly recorded: string; readonly replayed: string };
  /** From when on the evidence is not about the replayed story any more, and why; null: it is to the end. */
  readonly parted: { readonly at: number; readonly reason: string } | null;
}

export interface RolloutPoint {
  readonly at: number;
  readonly weightPercent: number;
  readonly stable: SidePoint | null;
  readonly canary: SidePoint | null;
}

/** Counted since the point before. */
export interface SidePoint {
  readonly requests: number;
  readonly errors: number;
  readonly meanMs: number | null;
}

export interface EnvironmentView {
  readonly name: string;
  readonly target: EnvironmentTarget;
  readonly current: ReleaseView | null;
  readonly history: readonly ReleaseView[];
  readonly activeRollout: string | null;
  /** Of one with several clusters, in its own order. */
  readonly clusters?: readonly ClusterView[];
  /** Absent from older servers. */
  readonly freeze?: FreezeView;
  /** Of one that is one place. Null: nobody has looked yet; absent from older servers. */
  readonly drift?: DriftView | null;
}

/** Whether a place still runs what was released there, and whether a rollout could begin. */
export interface DriftView {
  /** Null: never. */
  readonly lookedAt: number | null;
  /** Why the last look told nothing, or what is to be done there first; null: neither. */
  readonly problem: string | null;
  /** Null: it runs as it was released. */
  readonly since: number | null;
  readonly differences: readonly Difference[];
  /** When the last look was, whether it told something or not; absent from older servers. */
  readonly triedAt?: number | null;
  /** What was found there; null: nothing of ours. Absent from older servers. */
  readonly runs?: FoundThere | null;
  /** Null: nobody could tell, or the place has no rights; absent from older servers. */
  readonly missingRights?: readonly MissingRight[] | null;
  /** Somebody has asked for a look that was not made yet; absent from older servers. */
  readonly isAwaited?: boolean;
}

/** What `GET /api/environments/:name/check` tells of each place that was asked for. */
export interface PlaceCheckView {
  /** Null: the environment is one place. */
  readonly cluster: string | null;
  readonly kind: PlaceTarget['kind'];
  /** Version of the last release that succeeded there; null: there was none. */
  readonly current: string | null;
  /** Null: nobody has looked yet. */
  readonly look: DriftView | null;
}

/** All places of an environment, in its own order. */
export interface EnvironmentCheckView {
  readonly places: readonly PlaceCheckView[];
  /** While one is under way, nobody looks. */
  readonly activeRollout: string | null;
}

export interface ClusterView {
  readonly name: string;
  readonly partition: string | null;
  /** The last release that succeeded there; null: there was none. */
  readonly current: ReleaseView | null;
  /** Null: nobody has looked yet; absent from older servers. */
  readonly drift?: DriftView | null;
  /** How it stands in the rollout under way; null: it has no part in one. */
  readonly rollout: ClusterRolloutView | null;
}

export interface FreezeView {
  readonly rules: FreezeRules;
  /** Null: it is not frozen. */
  readonly now: Freeze | null;
  /** The one after that; null: none is in sight. */
  readonly next: Freeze | null;
}

export interface ReleaseView {
  readonly id: string;
  readonly version: string;
  readonly image: string;
  readonly runId: string;
  /** Where its evidence is; absent from older servers. */
  readonly rolloutId?: string;
  readonly commit: string;
  readonly by: string;
  readonly at: number;
  readonly outcome: 'succeeded' | 'rolled-back';
  readonly reason: string | null;
}

export const startRun = z.object({
  repository: z.string().min(1).max(300),
  branch: z.string().min(1).max(300),
  /** Default: the branch's head. */
  commit: z
    .string()
    .regex(/^[0-9a-f]{7,64}$/)
    .optional(),
  /** Its name or its file; needed where several can be started by hand. */
  pipeline: z.string().min(1).max(300).optional(),
  inputs: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
});
export type StartRun = z.infer<typeof startRun>;

export const manualStartsQuery = startRun.pick({ repository: true, branch: true, commit: true });

/** What a person may start at one commit. */
export interface ManualStartsView {
  readonly commit: Commit;
  /** All of the commit, in the order of their files. */
  readonly pipelines: readonly ManualStart[];
  /** Names of those that there are, for inputs that ask for one. */
  readonly environments: readonly string[];
}

export const rerun = z.object({
  what: z.union([z.literal('all'), z.literal('failed'), z.object({ from: z.string().min(1).max(300) })]),
  /**
   * `original`: the same commit, planned as it was. `current`: the branch's newest commit and its pipeline file, of
   * which nothing can be kept.
   */
  plan: z.enum(['original', 'current']).default('original'),
  /** Stages with steps that fail are kept for a shell for half an hour. */
  debug: z.boolean().default(false),
});
export type Rerun = z.infer<typeof rerun>;
export type RerunRequest = z.input<typeof rerun>;

export interface RerunPreview {
  readonly stages: readonly RerunStage[];
}

export const vote = z.object({
  verdict: z.enum(['approved', 'rejected']),
  reason: z.string().max(2_000).nullable().default(null),
  /** Inside a rollout: hash of the newest decision that the voter has seen; another one is refused. */
  decisionHash: z.string().nullable().default(null),
  /** Inside a rollout: the image that the voter has seen; another one is refused. Null or absent: not said. */
  image: z.string().max(1_000).nullable().optional(),
});
export type Vote = z.infer<typeof vote>;

export const repositoryConfig = z.object({
  project: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,48}$/)
    .default('default'),
  /** `owner/name` as the forge spells it. */
  fullName: z
    .string()
    .regex(/^[\w.-]+(\/[\w.-]+)+$/)
    .max(300),
  provider: z.enum(['github', 'generic']),
  cloneUrl: z.string().max(2_000),
  defaultBranch: z.string().max(300).default('main'),
  /** Checks the deliveries' signatures; at least 16 characters. Write only. */
  hookSecret: z.string().min(16).max(500),
  credentials: z.object({ username: z.string(), password: z.string() }).nullable().default(null),
  /** Runs of this repository may use the process executor on the worker's host. */
  trusted: z.boolean().default(false),
  /** Pipelines of every project may use its templates, and so read those files; else those of its own project. */
  shared: z.boolean().default(false),
});
export type RepositoryConfig = z.infer<typeof repositoryConfig>;

// Answers of the lists under Settings: { repositories }, { secrets }, { workers }, { deliveries }, { entries } (audit).

export interface RepositoryView {
  readonly id: string;
  readonly project: string;
  readonly fullName: string;
  readonly provider: RepositoryConfig['provider'];
  readonly cloneUrl: string;
  readonly defaultBranch: string;
  readonly trusted: boolean;
  readonly shared: boolean;
}

const limit = z.number().int().min(1).max(1_000_000).nullable();
export const projectLimits = z.object({
  /** Slots are shared between projects in this proportion. */
  weight: z.number().int().min(1).max(1_000).default(1),
  /** Null: no limit. A stage beyond it waits. */
  maxRunningStages: limit.default(null),
  /** Null: no limit. A run beyond it ends at once, with the reason. */
  maxOpenRuns: limit.default(null),
});
export type ProjectLimits = z.infer<typeof projectLimits>;

export interface ProjectView extends ProjectLimits {
  readonly project: string;
  /** Stages that workers have or take next. */
  readonly runningStages: number;
  /** Runs that have not ended. */
  readonly openRuns: number;
}

/** A secret's value is never given out. */
export interface SecretView {
  readonly name: string;
  readonly updatedAt: number;
}

export interface WorkerView {
  readonly id: string;
  readonly pool: string;
  readonly slots: number;
  /** Attempts it holds now. */
  readonly busy: number;
  /** It takes no more stages: it is being stopped, or was. */
  readonly leaving: boolean;
  readonly lastSeenAt: number;
}

export interface DeliveryView {
  readonly id: string;
  readonly provider: string;
  readonly event: string;
  readonly repository: string | null;
  readonly receivedAt: number;
  readonly status: 'received' | 'started' | 'ignored' | 'failed';
  /** Why it started nothing, or what it started. */
  readonly reason: string | null;
  readonly runIds: readonly string[];
}

export interface AuditView {
  readonly id: string;
  readonly at: number;
  readonly who: string;
  /** Kebab-case: `run-cancelled`, `secret-written` … */
  readonly action: string;
  readonly subject: string;
  /** Address the request came from; null: the engine itself. */
  readonly from: string | null;
}
