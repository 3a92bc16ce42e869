// What happened at a forge or at our own door, free of any vendor's words.

export interface Commit {
  /** Full hexadecimal object name. */
  readonly sha: string;
  readonly message: string;
  readonly author: string;
}

interface TriggerBase {
  /** Full name, `owner/name`, as the forge spells it. */
  readonly repository: string;
  /** Who caused it. */
  readonly actor: string;
  readonly commit: Commit;
}

export interface PushTrigger extends TriggerBase {
  readonly event: 'push';
  readonly branch: string;
  /** Paths changed by the push, or null where the forge did not tell all of them. */
  readonly changedFiles: readonly string[] | null;
}

export interface TagTrigger extends TriggerBase {
  readonly event: 'tag';
  readonly tag: string;
}

export interface PullRequestTrigger extends TriggerBase {
  readonly event: 'pull_request';
  readonly number: number;
  readonly title: string;
  /** Branch the changes come from. */
  readonly branch: string;
  readonly targetBranch: string;
  readonly fromFork: boolean;
}

export type InputValue = string | number | boolean;

export interface ManualTrigger extends TriggerBase {
  readonly event: 'manual';
  readonly branch: string;
  readonly inputs: Readonly<Record<string, InputValue>>;
}

export interface ScheduleTrigger extends TriggerBase {
  readonly event: 'schedule';
  /** The repository's default branch. */
  readonly branch: string;
  /** As the pipeline file writes them. */
  readonly cron: string;
  readonly timezone: string;
  /** When its time came, in milliseconds since the epoch; the run may begin later. */
  readonly dueAt: number;
}

export type Trigger = PushTrigger | TagTrigger | PullRequestTrigger | ScheduleTrigger | ManualTrigger;

/** What a delivery of a forge means to us. */
export type NormalisedDelivery =
  | { readonly kind: 'trigger'; readonly trigger: Trigger }
  | { readonly kind: 'ignored'; readonly reason: string };
