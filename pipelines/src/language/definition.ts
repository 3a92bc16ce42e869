// A pipeline file after parsing: every default filled in, every reference checked. Strings typed `Template`
// may still hold `${{ … }}`; their expressions have been parsed and type-checked.

/** Text that may hold `${{ CEL }}` parts. */
export type Template = string;
/** A bare CEL expression. */
export type Expression = string;

export interface PipelineDefinition {
  readonly name: string;
  /** Path of its file. */
  readonly file: string;
  readonly on: TriggerRules;
  readonly env: Readonly<Record<string, EnvValue>>;
  /** Null: by the event that starts the run. */
  readonly priority: Priority | null;
  /** Null: runs of this pipeline do not wait for each other. */
  readonly concurrency: Concurrency | null;
  /** Channels that are told of its runs, such as `dingtalk/release`; absent: only those with a rule for them. */
  readonly notify?: readonly string[];
  /** In the order of the file. */
  readonly stages: readonly StageDefinition[];
}

export const priorities = ['high', 'normal', 'low'] as const;
export type Priority = (typeof priorities)[number];

/** Of everything in a repository that names the same group, one is under way at a time. */
export interface Concurrency {
  /** Known when the run is planned: may name the event, inputs and the pipeline's variables. */
  readonly group: Template;
  readonly whenBusy: WhenBusy;
}

export const whenBusyChoices = ['queue', 'cancel_older', 'skip'] as const;
/** What a newcomer does when its group is taken: wait, cancel the older ones, or not run at all. */
export type WhenBusy = (typeof whenBusyChoices)[number];

/** An absent rule (null) means that the event never starts this pipeline. */
export interface TriggerRules {
  readonly push: BranchRules | null;
  readonly pull_request: BranchRules | null;
  readonly tag: { readonly patterns: readonly string[] } | null;
  readonly schedule: readonly ScheduleRule[] | null;
  readonly manual: ManualRules | null;
}

/** On the repository's default branch, when the clock of the time zone says so. */
export interface ScheduleRule {
  /** Five fields, as `parseCron` reads them. */
  readonly cron: string;
  /** A name of the time zone database, such as `Asia/Shanghai`. */
  readonly timezone: string;
}

export interface BranchRules {
  /** Glob patterns; empty means every branch. */
  readonly branches: readonly string[];
  /** At least one changed path must match; empty means any path. */
  readonly paths: readonly string[];
  /** Paths that do not count as changed. */
  readonly ignore: readonly string[];
}

export interface ManualRules {
  readonly inputs: Readonly<Record<string, InputDefinition>>;
}

/** Without a default (null) it must be filled in. */
export type InputDefinition = {
  /** What it is for, in words; absent: nobody said. */
  readonly description?: string;
} & (
  | { readonly type: 'string'; readonly default: string | null }
  | { readonly type: 'number'; readonly default: number | null }
  | { readonly type: 'boolean'; readonly default: boolean | null }
  /** The name of an environment of this installation. */
  | { readonly type: 'environment'; readonly default: string | null }
  | { readonly type: 'choice'; readonly options: readonly string[]; readonly default: string | null }
);

export type EnvValue =
  { readonly kind: 'text'; readonly text: Template } | { readonly kind: 'secret'; readonly secret: string };

export interface StageDefinition {
  readonly id: string;
  readonly needs: readonly StageNeed[];
  /** Null means `success()`. */
  readonly if: Expression | null;
  readonly env: Readonly<Record<string, EnvValue>>;
  readonly timeoutMs: number;
  readonly retry: RetryPolicy;
  /** True, or the exit codes that do not fail the run. */
  readonly allowFailure: boolean | readonly number[];
  /** Pool of workers that may carry it out; null: the default one. */
  readonly pool: string | null;
  readonly concurrency: Concurrency | null;
  /** Null: the stage is carried out once. */
  readonly matrix: MatrixRules | null;
  /** The stage with `use` whose template brought this one; absent: it stands in the file itself. */
  readonly within?: string;
  readonly work: StageWork;
}

export type MatrixValue = string | number | boolean;
/** One value for every name of a matrix; a name that the combination does not have is an empty text. */
export type Combination = Readonly<Record<string, MatrixValue>>;

/** The stage is carried out once for every combination of one value from each list. */
export interface MatrixRules {
  /** A template gives a JSON list when its names are known, at the latest when the stage's needs have ended. */
  readonly lists: Readonly<Record<string, readonly MatrixValue[] | Template>>;
  /** Each adds values to the combinations that it agrees with or, where there is none, is one more combination. */
  readonly include: readonly Combination[];
  /** Combinations that agree with one of these are left out. */
  readonly exclude: readonly Combination[];
}

export interface StageNeed {
  readonly stage: string;
  /** A stage that was filtered out or skipped does not hold this one back. */
  readonly optional: boolean;
}

export const failureClasses = [
  'failed',
  'timeout',
  'out-of-memory',
  'image-pull',
  'worker-lost',
  'infrastructure',
  'cancelled',
] as const;
export type FailureClass = (typeof failureClasses)[number];

export interface RetryPolicy {
  /** Tries in all, at least 1. */
  readonly attempts: number;
  readonly delayMs: number;
  readonly factor: number;
  readonly maxDelayMs: number;
  /** A failure class, or `exit:N`. */
  readonly on: readonly string[];
}

export type StageWork =
  StepsWork | BuildWork | ScanWork | PushWork | DeployWork | ApproveWork | MatrixWork | UseWork;
export type StageKind = StageWork['kind'];

export interface StepsWork {
  readonly kind: 'steps';
  /** Null: the worker's host, by the process executor, where the operator allows it. */
  readonly image: Template | null;
  /** False: the workspace begins empty. */
  readonly checkout: boolean | CheckoutWishes;
  readonly shell: 'sh' | 'bash';
  /** False: the steps get no network at all. */
  readonly network: boolean;
  readonly resources: Resources;
  /** Containers beside the steps, in the order of the file; each is reached by its name. */
  readonly services: readonly ServiceDefinition[];
  /** `name`, `uid` or `uid:gid` that the steps run as; null: root of the container. */
  readonly user: string | null;
  /** True: only the workspace and /tmp can be written. */
  readonly readOnlyRoot: boolean;
  /** Null: as the worker's operator has it. Means nothing where the stage does not become a pod. */
  readonly pod: PodWishes | null;
  readonly steps: readonly StepDefinition[];
  /** How long the container of failed steps is kept for a shell; absent: it is not. */
  readonly keepOnFailureMs?: number;
  /** Output name → file in the workspace whose trimmed text is the value. */
  readonly outputs: Readonly<Record<string, { readonly file: string }>>;
  /** Absent where the file asks for none of it, and in plans made before there was any. */
  readonly keeps?: StageKeeping;
}

/** What the workspace begins with beside the files of the commit. */
export interface CheckoutWishes {
  /** Commits of history in a `.git` of the workspace's own; 0: all, with branches and tags; null: no `.git`. */
  readonly depth: number | null;
  /** `direct`: those of the repository; `recursive`: also theirs. Files alone, whatever `depth` is. */
  readonly submodules: SubmoduleWish;
}

export type SubmoduleWish = 'none' | 'direct' | 'recursive';

/** Never written in a file: in a plan it stands for all combinations of a stage, and ends when they have. */
export interface MatrixWork {
  readonly kind: 'matrix';
  /** Ids of the combinations; null: not known before the stage's needs have ended. */
  readonly stages: readonly string[] | null;
  /** Why there are no combinations, and never will be: the stage fails with it. */
  readonly problem?: string;
}

/** Stands for the stages of a template, and ends when they have. */
export interface UseWork {
  readonly kind: 'use';
  readonly template: UsedTemplate;
  /** What the template's stages see as `inputs`. */
  readonly inputs: Readonly<Record<string, InputBinding>>;
  /** The template's own variables: its stages see them in place of the pipeline's. */
  readonly env: Readonly<Record<string, EnvValue>>;
  /** What decides whether the template's stages run at all, as if it were a stage before them. */
  readonly entry: { readonly needs: readonly StageNeed[]; readonly if: Expression | null };
  /** Ids of the template's stages. */
  readonly stages: readonly string[];
  /** Of a stage with a matrix: the stage that stands for all combinations, and the values of this one. */
  readonly combination?: { readonly of: string; readonly values: Combination };
  /** Rendered where the template's stages are, when they have ended. */
  readonly outputs: Readonly<Record<string, Template>>;
}

/** Where a template came from. */
export interface UsedTemplate {
  /** As the file names it: `org/templates/node-ci.yml@v3`, `./templates/node-ci.yml`. */
  readonly use: string;
  /** Null: the repository of the pipeline itself. */
  readonly repository: string | null;
  readonly path: string;
  /** The commit that it was read at; null: that of the run, or files of a folder. */
  readonly commit: string | null;
}

/** Text is filled in where the stage with `use` stands, and then read as the input's type. */
export type InputBinding =
  | { readonly kind: 'value'; readonly value: string | number | boolean }
  | { readonly kind: 'text'; readonly text: Template; readonly input: InputDefinition };

/** What outlives a stage, and what a stage takes from others that did. */
export interface StageKeeping {
  readonly artifacts: ArtifactRule | null;
  /** Stages whose artifacts are in the workspace before the steps; null: of every stage in `needs`. */
  readonly artifactsFrom: readonly string[] | null;
  readonly cache: readonly CacheRule[];
  /** What test tools leave; absent or null: nothing is looked for. */
  readonly reports?: ReportRule | null;
  /** Absent: the stage runs whenever its turn has come. */
  readonly reuse?: ReuseRule;
}

/** With the same inputs as in a run before, the stage is not run again but takes over how it ended there. */
export interface ReuseRule {
  /** Glob patterns of files in the repository; one that names a folder means everything in it. At least one. */
  readonly inputs: readonly string[];
}

/** Glob patterns in the workspace. */
export interface ReportRule {
  readonly junit: readonly string[];
  /** Cobertura's XML or LCOV. */
  readonly coverage: readonly string[];
}

export interface ArtifactRule {
  /** Glob patterns in the workspace; one that names a folder means everything in it. */
  readonly paths: readonly string[];
  readonly keepMs: number;
  /** As a step's condition; null: `success()`. */
  readonly if: Expression | null;
}

export interface CacheRule {
  readonly key: CacheKey;
  /** Beginnings of keys, tried in order where the key itself has nothing. */
  readonly restore: readonly CacheKey[];
  /** Folders and files in the workspace, or folders below `~/`. No patterns. */
  readonly paths: readonly string[];
}

/** In order; hashes are known when the repository is checked out. */
export type CacheKey = readonly CacheKeyPart[];
export type CacheKeyPart =
  | { readonly kind: 'text'; readonly text: Template }
  | { readonly kind: 'hash'; readonly globs: readonly string[] };

/** What all processes of the steps together may use; null: what the worker gives by default. */
export interface Resources {
  readonly cpu: number | null;
  readonly memoryBytes: number | null;
  /** Processes and threads at the same time. */
  readonly pids: number | null;
}

/** What a stage asks of its Kubernetes pod; the operator says what may be asked for. */
export interface PodWishes {
  /** Its token is mounted; null: no account of the stage's own. */
  readonly serviceAccount: string | null;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly PodToleration[];
  readonly runtimeClass: string | null;
}

export interface PodToleration {
  readonly key: string;
  /** Null: any value. */
  readonly value: string | null;
  /** Null: any effect. */
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute' | null;
}

export interface ServiceDefinition {
  /** Also its host name for the steps. */
  readonly name: string;
  readonly image: Template;
  readonly env: Readonly<Record<string, EnvValue>>;
  /** What the image runs, instead of its own default; null: that. */
  readonly command: readonly Template[] | null;
  /** A shell command, run inside the service again and again until it exits with 0. Null: ready when it runs. */
  readonly ready: Template | null;
  readonly readyTimeoutMs: number;
}

export interface StepDefinition {
  readonly name: string;
  /** Never holds text that a stranger can write: the linter refuses it. */
  readonly run: Template;
  readonly if: Expression | null;
  readonly env: Readonly<Record<string, EnvValue>>;
  /** Null: only the stage's timeout applies. */
  readonly timeoutMs: number | null;
  /** Null: tried once. */
  readonly retry: RetryPolicy | null;
}

export interface BuildWork {
  readonly kind: 'build';
  /** Path of the Dockerfile inside the repository. */
  readonly file: string;
  /** Directory inside the repository that is sent as build context. */
  readonly context: string;
  readonly target: string | null;
  readonly args: Readonly<Record<string, Template>>;
  /** Names of secrets that `RUN --mount=type=secret,id=NAME` may read; absent: none. */
  readonly secrets?: readonly string[];
  /** False: every step of the Dockerfile is carried out, also where nothing has changed. */
  readonly cache?: false;
  /** Absent: the files of the commit alone. */
  readonly checkout?: CheckoutWishes;
  /** `linux/arm64`; absent: that of the engine. */
  readonly platform?: string;
}

export const severities = ['low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof severities)[number];

export interface ScanWork {
  readonly kind: 'scan';
  /** Id of the build stage whose image is scanned. */
  readonly of: string;
  /** Findings at or above this severity fail the stage; null: report only. */
  readonly failOn: Severity | null;
  /** What to do when the scanner has no vulnerability data. */
  readonly noData: 'fail' | 'allow';
  /** False: no list of what is in the image is kept. */
  readonly sbom?: false;
  /** Ids of findings (CVE…, rule ids) that are accepted, with an expiry (ISO date) or null. */
  readonly allow: readonly { readonly id: string; readonly until: string | null; readonly reason: string }[];
}

export interface PushWork {
  readonly kind: 'push';
  /** Id of the build stage whose image is pushed. */
  readonly of: string;
  /** Repository without tag: `registry.example.com/shop`. */
  readonly to: Template;
  readonly tags: readonly Template[];
  /** Further repositories that get the same image under the same tags; absent: none. */
  readonly replicate?: readonly Template[];
  /** Name of the secret with the private key; absent: not signed. */
  readonly sign?: string;
  /** How the image was made is attached to it. */
  readonly provenance?: true;
}

export interface ApprovalRule {
  /** Roles or user names; empty: anyone who may approve in this project. */
  readonly by: readonly string[];
  readonly count: number;
  readonly withinMs: number;
  readonly notAuthor: boolean;
}

export interface ApproveWork {
  readonly kind: 'approve';
  readonly approval: ApprovalRule;
}

export interface DeployWork {
  readonly kind: 'deploy';
  readonly environment: string;
  /** Id of the push (or, for a Docker environment on the same engine, build) stage whose image is deployed. */
  readonly image: string;
  /** Folder or file of Kubernetes manifests, or folder of a kustomization; null where there is a chart or a container. */
  readonly manifests: string | null;
  /** A Helm chart that gives the manifests. */
  readonly chart?: ChartSpec;
  /** How a Docker environment runs the image; null for a Kubernetes environment. */
  readonly container: ContainerSpec | null;
  /** What shares traffic between the versions on Kubernetes; absent: the number of their ready pods. */
  readonly traffic?: TrafficProvider;
  readonly strategy: Strategy;
  /** Empty for `rolling` and `recreate`. */
  readonly steps: readonly RolloutStep[];
  /** Empty means the traffic provider's own (requests and 5xx of HAProxy). */
  readonly metrics: Readonly<Record<string, MetricSpec>>;
  /** For the whole stage, 0 < confidence < 1. */
  readonly confidence: number;
  /** Share of the rollout's requests that must not be bad because of the new version; absent: not watched. */
  readonly budget?: number;
  readonly intervalMs: number;
  readonly noData: 'wait' | 'fail';
  readonly onInconclusive: 'hold' | 'abort';
  /** The old version stays whole this long after 100 %. */
  readonly bakeMs: number;
  readonly drainMs: number;
  readonly deadlineMs: number;
  /** Replicas that are not ready within it will not get there; absent: ten minutes. */
  readonly progressDeadlineMs?: number;
  /** In the order of the file; absent: none. */
  readonly hooks?: readonly Hook[];
  /** Who gives traffic back when the engine is silent; absent: nobody. Only with `traffic`. */
  readonly guard?: GuardWish;
  /** What follows the last step; absent: `promote`. `end`: the new version is removed, as was the plan. */
  readonly afterwards?: 'promote' | 'end';
  /** Channels that are told of the rollout, such as `dingtalk/release`; absent: only those with a rule for it. */
  readonly notify?: readonly string[];
  /** Names of clusters and partitions of the environment, where it has several; absent: all of them. */
  readonly clusters?: readonly string[];
  /** Which clusters come after which; absent: one, then the rest. */
  readonly waves?: readonly Wave[];
  /** What becomes of clusters that have the new version when another one fails; absent: `roll-back`. */
  readonly onFailure?: 'roll-back' | 'stop';
}

/** A process of its own in the cluster, which the engine tells again and again that it lives. */
export interface GuardWish {
  /** How long nothing may be heard of the engine. */
  readonly afterMs: number;
  /** The file asks for it: without a guard nothing is rolled out. */
  readonly isRequired: boolean;
}

/** Clusters that get the new version at the same time, of those that no earlier wave has taken. */
export type Wave =
  | { readonly kind: 'count'; readonly count: number }
  /** Of all clusters of the stage, at least one. */
  | { readonly kind: 'share'; readonly percent: number }
  /** Clusters and partitions. */
  | { readonly kind: 'named'; readonly names: readonly string[] }
  | { readonly kind: 'rest' };

/**
 * When a hook is asked, in the words of Flagger (pkg/apis/flagger/v1beta1/canary.go in fluxcd/flagger):
 *
 * - `confirm-rollout`: before anything is deployed, until it agrees;
 * - `pre-rollout`: when the new version is ready and before it gets traffic; a refusal rolls back;
 * - `rollout`: after every look at the metrics; a refusal rolls back;
 * - `rollback`: after every look at the metrics; agreement rolls back;
 * - `confirm-promotion`: before all traffic goes to the new version, until it agrees;
 * - `post-rollout`: when all is over, either way; its answer changes nothing.
 */
export type HookType =
  'confirm-rollout' | 'pre-rollout' | 'rollout' | 'rollback' | 'confirm-promotion' | 'post-rollout';

/** A POST with JSON to somebody else's service; 2xx means that it agrees. */
export interface Hook {
  readonly name: string;
  readonly type: HookType;
  readonly url: string;
  readonly timeoutMs: number;
  /** Refusals in a row that are let pass, of `pre-rollout` and `rollout`. */
  readonly retries: number;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * How the new version takes the old one's place. All but `recreate` run both side by side; what happens between the
 * first replica and the promotion stands in the steps.
 */
export type Strategy = 'recreate' | 'rolling' | 'blue-green' | 'canary' | 'shadow' | 'ab';

/** An object beside the workload that names its Service: a Gateway API route, an Ingress of nginx, an Istio service. */
export interface TrafficProvider {
  readonly kind: 'httproute' | 'ingress' | 'virtualservice';
  readonly name: string;
}

/** A Helm chart in the repository, with all that it depends on. */
export interface ChartSpec {
  /** Its folder. */
  readonly path: string;
  /** Files of values in the repository; what a later one says counts. */
  readonly values: readonly string[];
  /** Values by their dotted names (`image.tag`), which count more than those of files. */
  readonly set: Readonly<Record<string, Template | number | boolean>>;
  /** Name of the release; null: the chart's own. */
  readonly name: string | null;
}

export interface ContainerSpec {
  readonly port: number;
  readonly replicas: number;
  readonly env: Readonly<Record<string, EnvValue>>;
  /** HTTP path that answers 2xx when the container may receive traffic. */
  readonly health: string;
}

/** A request that a router can tell apart; the value is compared whole, with upper and lower case. */
export interface RequestMatch {
  readonly kind: 'header' | 'cookie' | 'query';
  /** Header names are compared without regard to case. */
  readonly name: string;
  readonly value: string;
}

export type RolloutStep =
  | { readonly kind: 'set-weight'; readonly percent: number }
  /** Requests that all go to the new version from now on; empty: none any more. */
  | { readonly kind: 'set-route'; readonly match: readonly RequestMatch[] }
  /** Share of the old version's requests that the new one gets copies of from now on; 0: none any more. */
  | { readonly kind: 'set-mirror'; readonly percent: number }
  /** Null: until a person resumes. */
  | { readonly kind: 'pause'; readonly forMs: number | null }
  /** `whole`: a pass waits for the end of its time as well. */
  | { readonly kind: 'analysis'; readonly forMs: number; readonly whole?: true }
  | { readonly kind: 'approve'; readonly approval: ApprovalRule };

/** What the gate looks at. In queries `${{ version }}` is replaced by each side's version label. */
export type MetricSpec = CountMetric | SlowMetric | PointMetric;

interface JudgedMetric {
  /** Shown, and never decides. */
  readonly dryRun: boolean;
  /** When and how often it is looked at, and how much it takes to decide; absent: the defaults of `LookRules`. */
  readonly rules?: LookRules;
}

interface JudgedCounts extends JudgedMetric {
  /** Allowed ratio of the canary's bad rate to the baseline's, ≥ 1; null: no comparison. */
  readonly worseThan: number | null;
  /** Absolute ceiling of the canary's bad rate, 0 < limit < 1; null: none. */
  readonly limit: number | null;
}

/** Two PromQL instant queries that give raw counters (no `rate`, no `increase`): the bad events and all events. */
export interface CountMetric extends JudgedCounts {
  /** Absent in what was written before there were other kinds. */
  readonly kind?: 'count';
  readonly query: string;
  readonly of: string;
}

/** Requests that took longer than `overMs`, from a histogram's buckets: `name{labels}`, without `_bucket`. */
export interface SlowMetric extends JudgedCounts {
  readonly kind: 'slow';
  readonly histogram: string;
  readonly overMs: number;
}

/** A PromQL instant query that gives one value of a gauge for each side. */
export interface PointMetric extends JudgedMetric {
  readonly kind: 'points';
  readonly query: string;
  /** Share of the baseline's median by which the canary's values may lie above, 0.1 for 10 %; null: no comparison. */
  readonly tolerance: number | null;
  /** Ceiling of the canary's values in the query's own unit; null: none. */
  readonly limit: number | null;
  /** CEL over the canary's value at each look, named `result`; absent: none. */
  readonly successCondition?: string;
  readonly failureCondition?: string;
}

/** The counters of Argo Rollouts' AnalysisTemplate; a look that needs more evidence counts for nothing. */
export interface LookRules {
  /** Between two looks, at least the stage's own `interval`; null: that. */
  readonly intervalMs: number | null;
  /** Looks before a pass; for a ceiling also the looks that `failureLimit` is about; null: 1, and 5 for a ceiling. */
  readonly count: number | null;
  /** Failed looks that are let pass; null: 0, and 2 for a ceiling. */
  readonly failureLimit: number | null;
  /** Looks without data that are let pass before a person is asked; null: as many as the step has time for. */
  readonly inconclusiveLimit: number | null;
  /** Errors in a row that are let pass before a person is asked; null: 4. */
  readonly consecutiveErrorLimit: number | null;
  /** Nothing counts for this long after each change of weight. */
  readonly initialDelayMs: number;
}
