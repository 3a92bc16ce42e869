// One progressive delivery of one deploy stage on one target: the fold of its events by `advanceRollout`.
//
//   planned ─► inspecting ─► [stopping ─►] deploying ─► [ setting-weight ─► paused | analysing | awaiting-approval ]*
//           ─► promoting ─► baking ─► retiring ─► succeeded
//   inspecting ─► refused                                  any ─► rolling-back ─► rolled-back
//   analysing ─► held (need-more, no data: a person decides)          └─► rollback-blocked (call a person)
//   before it begins, and before more traffic ─► frozen (a freeze window) ─► on from there
//
// One over several clusters leads a rollout of its own for each; its machine is drawn in fleet/advance-fleet.ts.
// Times are milliseconds since the epoch and come in with the events. Every action carries a sequence number:
// a result with another number than the one that is awaited changes nothing.
import type { FreezeRules } from '../freeze/freeze-rules.ts';
import type {
  ContainerSpec,
  DeployWork,
  HookType,
  MetricSpec,
  RequestMatch,
} from '../language/definition.ts';
import type { ApprovalVote, StageOutcome } from '../run/run-state.ts';
import type { ClusterNews, Fleet, WaveCluster } from './fleet/fleet-state.ts';
import type { PointWindow } from './point-gate.ts';
import type { Preflight } from './preflight-report.ts';

/** Frozen when the rollout starts. */
export interface RolloutSpec {
  readonly environment: string;
  /** Label-safe name of the new version, unique in its environment: `r12-1a2b3c4`. */
  readonly version: string;
  /** What is deployed, by digest where it was pushed: `registry/shop@sha256:…`. */
  readonly image: string;
  readonly author: string;
  readonly work: DeployWork;
  /** Of a rollout over several clusters: those of each wave. It only leads rollouts of one cluster each. */
  readonly waves?: readonly (readonly WaveCluster[])[];
  /** Of one that is led: its cluster. */
  readonly cluster?: string;
  /** Share of the replicas that are asked for, in percent; absent: all of them. */
  readonly instancesPercent?: number;
  /** Commit of what is deployed; absent: the run's. */
  readonly commit?: string;
}

export interface Rollout {
  readonly spec: RolloutSpec;
  readonly startedAt: number;
  readonly phase: RolloutPhase;
  /** Index into `spec.work.steps` of the step that is next or under way. */
  readonly step: number;
  /** Weight asked for last; users may still see another until it was read back. */
  readonly weightPercent: number;
  /** Asked for last beside the weight; absent: nothing. */
  readonly traffic?: ChosenTraffic;
  /** As last reported by the target. */
  readonly facts: TargetFacts | null;
  /** Version that ran when the rollout began, the one a roll-back returns to; null: none, or not inspected yet. */
  readonly replaces: string | null;
  /** Number of the last action that was asked for. */
  readonly lastAction: number;
  /** The action whose result is awaited; null: none is under way. */
  readonly pending: { readonly action: number; readonly what: RolloutAction } | null;
  /** Failed for a reason that may pass; asked for again at `wakeAt`. */
  readonly retrying: RolloutAction | null;
  /** A tick before this moment changes nothing; null: no tick is awaited. */
  readonly wakeAt: number | null;
  /** Failed actions in a row in this phase: the delay before the next try grows with them. */
  readonly failures: number;
  /** What the last of them said; null: none failed. */
  readonly lastProblem: string | null;
  /** How often this phase asked for a change that was not there when read back. */
  readonly tries: number;
  /** Counters at the last weight change: the gate counts from here. */
  readonly baseline: Observation | null;
  readonly latest: Observation | null;
  /** By metric: what was counted since `baseline`, over all resets. */
  readonly tally: Readonly<Record<string, MetricTally>>;
  readonly verdict: Verdict | null;
  readonly votes: readonly ApprovalVote[];
  /** Query errors in a row. */
  readonly consecutiveErrors: number;
  /** When the first observation was made; absent: none was. */
  readonly countingSince?: number;
  /** By metric, where the target has told it. */
  readonly past?: Readonly<Record<string, PastHour>>;
  /** The gate on the service's own past; absent: it was not known. */
  readonly preflight?: Preflight;
  /** By metric, since the last weight change; absent: no look was counted yet. */
  readonly looks?: Readonly<Record<string, LookCounts>>;
  /** What is counted of the new version since the last weight change are answers to copies, which nobody saw. */
  readonly countsCopies?: boolean;
  /** By name of a hook: how often in a row it has refused. */
  readonly refusals?: Readonly<Record<string, number>>;
  /** Who last let it go on, and when; absent: nobody. */
  readonly lastWord?: { readonly by: string; readonly at: number };
  /** Freeze windows of its environment; absent: none hold it. */
  readonly freeze?: FreezeRules;
  /** Who lets it through every freeze; absent: nobody. */
  readonly passesFreeze?: { readonly by: string; readonly at: number; readonly reason: string };
  /** How long freezes have held it in all, up to the last one that ended. */
  readonly frozenMs?: number;
  /** A person wants it to wait as soon as it can; absent: nobody. */
  readonly wish?: { readonly by: string; readonly reason: string };
  /** Of one that is led: what people have said about all clusters at once; absent: nothing that it has heard. */
  readonly saidOfAll?: SaidOfAll;
  /** As last told; absent: nobody was asked for, or nobody has looked yet. */
  readonly guard?: GuardFacts;
  /** Of a rollout over several clusters: how each of them stands. */
  readonly fleet?: Fleet;
}

/** What a rollout that a person holds waits to do. */
export type HeldBefore =
  | { readonly kind: 'step'; readonly step: number }
  | { readonly kind: 'promotion'; readonly reason: string }
  /** Of one that leads. */
  | { readonly kind: 'wave'; readonly wave: number };

export interface SaidOfAll {
  /** Number of the last word that was followed, 0: none; the same one again, and earlier ones, change nothing any more. */
  readonly word: number;
  /** Number of a later word to promote that could not be followed; absent: none. */
  readonly refused?: number;
  /** All clusters are held; absent: they are not, or this one was let go by itself. */
  readonly hold?: { readonly by: string; readonly reason: string };
}

export type RolloutPhase =
  | { readonly name: 'planned' }
  | { readonly name: 'inspecting' }
  /** The old version ends before the new one begins (`recreate`). */
  | { readonly name: 'stopping'; readonly since: number }
  | { readonly name: 'deploying'; readonly since: number }
  | { readonly name: 'setting-weight'; readonly since: number }
  | {
      readonly name: 'paused';
      readonly since: number;
      readonly until: number | null;
      /**
       * A person holds it, and this is what it waits to do; absent: its own step is the pause. `word`: all clusters are
       * held, by that word; absent: only this rollout is.
       */
      readonly held?: {
        readonly by: string;
        readonly reason: string;
        readonly next: HeldBefore;
        readonly word?: number;
      };
    }
  | { readonly name: 'analysing'; readonly since: number; readonly until: number }
  | {
      readonly name: 'held';
      readonly since: number;
      readonly reason: string;
      /** `query-errors` ends by itself when the metrics can be read again. */
      readonly cause: 'inconclusive' | 'query-errors';
    }
  | { readonly name: 'awaiting-approval'; readonly since: number; readonly expiresAt: number }
  | AskingHooks
  | {
      readonly name: 'frozen';
      readonly since: number;
      /** Null: no end is in sight. */
      readonly until: number | null;
      /** Null: it is outside of every window that allows releases. */
      readonly window: string | null;
      /** In the words of who made the window. */
      readonly reason: string;
      /** What it waits to do. */
      readonly next:
        | { readonly kind: 'start' }
        | { readonly kind: 'step'; readonly step: number }
        | { readonly kind: 'promotion'; readonly reason: string }
        | { readonly kind: 'wave'; readonly wave: number };
    }
  /** The clusters of a wave have rollouts of their own. */
  | { readonly name: 'delivering'; readonly since: number; readonly wave: number }
  | { readonly name: 'promoting'; readonly since: number }
  | { readonly name: 'baking'; readonly until: number }
  | { readonly name: 'retiring'; readonly since: number }
  | {
      readonly name: 'rolling-back';
      readonly since: number;
      readonly reason: string;
      readonly cancelled: boolean;
      /** The new version was to be seen and not to stay: its removal is a success. */
      readonly planned?: boolean;
    }
  | {
      readonly name: 'rollback-blocked';
      readonly since: number;
      /** Why the rollout is rolled back. */
      readonly reason: string;
      /** Why that does not succeed. */
      readonly problem: string;
      readonly cancelled: boolean;
      readonly planned?: boolean;
    }
  | { readonly name: 'succeeded'; readonly at: number }
  | { readonly name: 'rolled-back'; readonly at: number; readonly reason: string; readonly planned?: boolean }
  /** A person gave a blocked roll-back up; of several clusters also: some have the new version, and keep it. */
  | { readonly name: 'stopped'; readonly at: number; readonly reason: string }
  | { readonly name: 'refused'; readonly at: number; readonly reason: string };

/** Hooks of one type are asked one after the other, and nothing else goes on. */
export interface AskingHooks {
  readonly name: 'asking-hooks';
  readonly since: number;
  readonly type: Exclude<HookType, 'rollout' | 'rollback'>;
  /** Among the hooks of that type. */
  readonly index: number;
  /** Of `confirm-promotion`: why the version is to be promoted. */
  readonly promotion?: string;
  /** Of `post-rollout`: how the rollout ends when they have been told. */
  readonly ending?: Ending;
}

export type Ending =
  | { readonly kind: 'succeeded'; readonly line: string }
  | {
      readonly kind: 'rolled-back';
      readonly reason: string;
      readonly cancelled: boolean;
      readonly planned: boolean;
    };

/** What reaches the new version beside its share of all requests. */
export interface ChosenTraffic {
  /** Requests of which all of these are true always go to the new version; empty: there are none. */
  readonly match: readonly RequestMatch[];
  /** Share of the old version's requests that is also sent to the new one, whose answers are thrown away. */
  readonly mirrorPercent: number;
}

/** All that a router is to do for the new version. */
export interface Traffic extends ChosenTraffic {
  /** Share of the requests that no match has chosen. */
  readonly percent: number;
}

/** What a worker is told to do on the target: idempotent, short, never sleeps to wait for readiness. */
export type RolloutAction =
  /** Read only: is the target reachable, what runs there. */
  | { readonly kind: 'inspect' }
  /** End the old version, and keep what it takes to start it again: `ready` is 0 once nothing of it runs. */
  | { readonly kind: 'stop-old' }
  /** Make the new version exist beside the old one, without traffic where the target can do that. */
  | { readonly kind: 'deploy' }
  /**
   * Give the new version this traffic, all of it and no other: what is absent is none. May first scale it, and then
   * reports not-ready facts.
   */
  | {
      readonly kind: 'set-weight';
      readonly percent: number;
      readonly match?: readonly RequestMatch[];
      readonly mirrorPercent?: number;
    }
  /** Read facts and counters; with `history` also what is known of the old version's last hour. */
  | { readonly kind: 'observe'; readonly history?: true }
  /** Ask one of the stage's hooks; nothing of the target changes. */
  | { readonly kind: 'call-hook'; readonly hook: string }
  /** All traffic to the new version, with no match and no mirror; the old one stays where the target can keep it. */
  | { readonly kind: 'promote' }
  /** The new version is the stable one from now on; drain and remove the old one. */
  | { readonly kind: 'retire-old' }
  /**
   * All traffic to the old version, then remove the new one. Where nothing ran before: remove the new one. Where the old
   * one was stopped: remove the new one, then start the old one.
   */
  | { readonly kind: 'roll-back'; readonly reason: string };

export type ActionResult =
  | { readonly result: 'done'; readonly facts: TargetFacts; readonly observation: Observation | null }
  /** Of a hook. `message`: what it answered, for people. */
  | { readonly result: 'answered'; readonly agrees: boolean; readonly message: string }
  /** `reason` is kebab-case: `target-unreachable`, `manifest-refused`, `image-not-found`, `weight-not-applied` … */
  | {
      readonly result: 'failed';
      readonly reason: string;
      readonly message: string;
      readonly retryable: boolean;
    };

export interface TargetFacts {
  /** The version that was there before; null: nothing runs yet. */
  readonly stable: SideFacts | null;
  /** The version of this rollout; null: not there (any more). */
  readonly canary: SideFacts | null;
  /** Where users reach the service, if the target knows. */
  readonly address: string | null;
  /**
   * Smallest difference of weight that the target can make: 1 for a proxy, 100 / replicas where replicas share the
   * traffic evenly. Absent: one replica's share, because the target did not say that it can do better.
   */
  readonly weightStepPercent?: number;
  /** Read back from the router beside the weights; absent: it does neither. */
  readonly traffic?: ChosenTraffic;
  /** What else than weights the router of this environment can do; absent: nothing. */
  readonly can?: RouterAbilities;
  /** Of stages that want one; absent: this action has not looked. */
  readonly guard?: GuardFacts;
}

/** The process in the cluster that gives traffic back when the engine is silent. */
export interface GuardFacts {
  /** Why nobody would, and what to do; null: it watches. */
  readonly problem: string | null;
}

export interface RouterAbilities {
  /** Its name in the words of `traffic:`, such as `httproute`, `ingress`, `haproxy`, `replicas`. */
  readonly router: string;
  readonly match: readonly RequestMatch['kind'][];
  readonly mirror: boolean;
}

export interface SideFacts {
  readonly version: string;
  readonly image: string;
  readonly replicas: number;
  readonly ready: number;
  /** Share of the traffic that is configured, read back from the router. */
  readonly weightPercent: number;
  /** Why replicas are not ready and will not be by waiting (`CrashLoopBackOff`, `ImagePullBackOff` …); null: none known. */
  readonly problem: string | null;
  /** Its replicas take the places of the other side's, one after another: without traffic it has none. */
  readonly inPlace?: boolean;
}

/** Raw counters read at one moment, by metric name; `requests` and `errors` of the traffic provider are the metric `errors`. */
export interface Observation {
  readonly at: number;
  readonly metrics: Readonly<Record<string, MetricObservation>>;
  /** For people: never part of a verdict. */
  readonly latency: { readonly stable: LatencyReading | null; readonly canary: LatencyReading | null };
  /** Of the metrics for which the target remembers the hour before. */
  readonly history?: Readonly<Record<string, MetricHistory>>;
  /** The same of the service's last days, whatever version it had; for `preflight`. */
  readonly days?: Readonly<Record<string, MetricHistory>>;
}

/** What the old version counted in each interval, oldest first. */
export interface MetricHistory {
  readonly everyMs: number;
  readonly requests: readonly number[];
  readonly bad: readonly number[];
}

export interface PastHour {
  readonly ms: number;
  readonly requests: number;
  readonly bad: number;
  readonly spread: NonNullable<LookSpread['before']>;
}

export type MetricObservation =
  | {
      readonly kind: 'read';
      readonly stable: CounterReading | null;
      readonly canary: CounterReading | null;
      /** Of slow requests: the bucket border, in milliseconds, above which a request was counted as slow. */
      readonly borderMs?: number;
    }
  /** A gauge; null: the query found no value, or one that is not a number. */
  | { readonly kind: 'value'; readonly stable: number | null; readonly canary: number | null }
  /** The source answered with an error or not at all. */
  | { readonly kind: 'error'; readonly message: string };

/** Raw counters by series (each resets on its own); null above means that the query found no series: no data. */
export interface CounterReading {
  readonly bad: Readonly<Record<string, number>>;
  readonly total: Readonly<Record<string, number>>;
}

/** What one metric has counted since the last weight change. */
export interface MetricTally {
  readonly stable: SideTally;
  readonly canary: SideTally;
  readonly perLook: LookSpread;
  /** As in the readings; counts above another border are not comparable. */
  readonly borderMs?: number;
  /** Of gauges, whose counts stay 0. */
  readonly points?: PointTally;
  /** Counted at the weights before the present one; absent: nothing. */
  readonly earlier?: { readonly stable: BadCount; readonly canary: BadCount };
}

export interface BadCount {
  readonly requests: number;
  readonly bad: number;
}

/** Bad events of the old version per look, for the dispersion φ. */
export interface LookSpread {
  /** At the present weight. */
  readonly looks: number;
  readonly sum: number;
  readonly sumOfSquares: number;
  /** At each weight before, and in the hour before the rollout: Σ (count − mean)² / mean, and its degrees of freedom. */
  readonly before?: { readonly chiSquare: number; readonly degrees: number };
}

export interface PointTally {
  /** Values of both sides at the same looks, oldest first; only as many of the latest as the gate needs. */
  readonly stable: readonly number[];
  readonly canary: readonly number[];
  /** Pairs ever taken since the last weight change. */
  readonly taken: number;
  /** The latest values of the canary, for its ceiling, with and without a value of the other side. */
  readonly latest: readonly number[];
  readonly at: number | null;
}

/** How the looks at one metric have ended. */
export interface LookCounts {
  readonly passed: number;
  readonly failed: number;
  readonly withoutData: number;
  /** In a row, up to the latest look. */
  readonly errors: number;
  /** Of the latest counted look. */
  readonly at: number;
}

export interface SideTally {
  readonly requests: number;
  readonly bad: number;
  /** Last raw value of every series ever read, also of those that are gone; null: never read. */
  readonly seen: CounterReading | null;
}

export interface LatencyReading {
  readonly meanMs: number | null;
  readonly p95Ms: number | null;
  readonly maxMs: number | null;
}

export interface Verdict {
  readonly kind: 'pass' | 'fail' | 'need-more' | 'no-data' | 'error';
  /** One sentence for a person. */
  readonly reason: string;
  readonly at: number;
  readonly metrics: readonly MetricVerdict[];
}

export interface MetricVerdict {
  readonly metric: string;
  readonly kind: Verdict['kind'];
  readonly reason: string;
  readonly stable: { readonly requests: number; readonly bad: number };
  readonly canary: { readonly requests: number; readonly bad: number };
  /** Null: requests are chosen or copied, not only shared out. */
  readonly intendedSharePercent: number | null;
  /** Null while there are no requests. */
  readonly observedSharePercent: number | null;
  /** ln of the evidence for and against, and the threshold ln(1/α) that decides. */
  readonly failLogE: number | null;
  readonly passLogE: number | null;
  readonly threshold: number;
  /** Canary requests still needed at the present rates; null: cannot be told. */
  readonly moreRequests: number | null;
  readonly moreMs: number | null;
  /** φ, where it is not 1. */
  readonly dispersion?: number;
  /** With this look; absent in verdicts of a judge that did not count them. */
  readonly looks?: LookCounts;
  /** Of gauges: the latest window of the comparison, and how many of the latest values are above the ceiling. */
  readonly points?: {
    readonly taken: number;
    readonly window: PointWindow | null;
    readonly above: { readonly looks: number; readonly above: number } | null;
  };
}

export interface Decision {
  readonly at: number;
  /** Index of the step that the decision belongs to. */
  readonly step: number;
  readonly kind:
    | 'continue'
    | 'hold'
    | 'promote'
    | 'end'
    | 'roll-back'
    | 'refuse'
    | 'resume'
    | 'approve'
    | 'reject'
    | 'freeze'
    | 'thaw'
    | 'break-glass';
  /** `judge`, `guard` or a person's name. */
  readonly by: string;
  readonly reason: string;
  readonly verdict: Verdict | null;
  /** Version of the judge that made the verdict, so that a replay can name a difference. */
  readonly judge: string;
}

export type RolloutEvent =
  /** `freeze`: absent where no window holds it. */
  | { readonly kind: 'started'; readonly at: number; readonly freeze?: FreezeRules }
  | {
      readonly kind: 'action-finished';
      readonly action: number;
      readonly result: ActionResult;
      readonly at: number;
    }
  /** A timer that was set came due; early or repeated ones change nothing. */
  | { readonly kind: 'tick'; readonly at: number }
  | { readonly kind: 'voted'; readonly vote: ApprovalVote; readonly at: number }
  | { readonly kind: 'freeze-changed'; readonly freeze: FreezeRules; readonly at: number }
  /** A person: go on in spite of a freeze. */
  | { readonly kind: 'glass-broken'; readonly by: string; readonly reason: string; readonly at: number }
  | SteerEvent
  /** A person or the end of the run: roll back. */
  | {
      readonly kind: 'abort-requested';
      readonly by: string;
      readonly reason: string;
      readonly cancelled: boolean;
      readonly at: number;
    }
  /** A person: end where a roll-back is blocked, with the target as it is. */
  | { readonly kind: 'give-up-requested'; readonly by: string; readonly reason: string; readonly at: number }
  /** What the rollout of one cluster has come to; `round`: which of that cluster's rollouts it is. */
  | {
      readonly kind: 'cluster-changed';
      readonly cluster: string;
      readonly round: number;
      readonly news: ClusterNews;
      readonly at: number;
    };

/**
 * A person: wait before anything more is given to the new version; go on from `paused` or `held`; promote now, without
 * the steps that are left. `word`: said of all clusters, by the rollout that leads this one; absent: of this one.
 */
export interface SteerEvent {
  readonly kind: 'hold-requested' | 'resume-requested' | 'promote-requested';
  readonly by: string;
  readonly reason: string;
  readonly at: number;
  readonly word?: number;
}

export type RolloutCommand =
  | { readonly kind: 'act'; readonly action: number; readonly what: RolloutAction }
  /** Send a `tick` at that time. */
  | { readonly kind: 'set-timer'; readonly dueAt: number }
  | { readonly kind: 'record-decision'; readonly decision: Decision }
  /** One line for the stage's log. */
  | { readonly kind: 'say'; readonly line: string }
  | { readonly kind: 'finish'; readonly outcome: StageOutcome }
  /** Round 0 deploys the new version to the cluster; later rounds put back what it had before. */
  | { readonly kind: 'start-cluster'; readonly cluster: string; readonly round: number }
  /** Roll back the rollout of that round, or never begin it. */
  | {
      readonly kind: 'return-cluster';
      readonly cluster: string;
      readonly round: number;
      readonly by: string;
      readonly reason: string;
    }
  /** The blocked rollout of that round ends where it is. */
  | {
      readonly kind: 'leave-cluster';
      readonly cluster: string;
      readonly round: number;
      readonly by: string;
      readonly reason: string;
    }
  /** What a person has said of all clusters, for the rollout of that round. It hears words in their order, or not at all. */
  | {
      readonly kind: 'steer-cluster';
      readonly cluster: string;
      readonly round: number;
      readonly wish: 'hold' | 'resume' | 'promote';
      readonly word: number;
      readonly by: string;
      readonly reason: string;
    };

export type { ContainerSpec, MetricSpec, RequestMatch };
