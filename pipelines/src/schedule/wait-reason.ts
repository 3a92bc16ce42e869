// Why something waits and behind whom, for people. The page writes its own sentences in its reader's language.
import { unreachable } from '../result.ts';

/** A run (`stage` is null) or a stage of one. */
export interface WorkRef {
  readonly runId: string;
  readonly number: number;
  readonly stage: string | null;
}

export type WaitReason =
  /** Those that must end first: the first few, and how many in all. */
  | {
      readonly kind: 'turn';
      readonly group: string;
      readonly before: readonly WorkRef[];
      readonly count: number;
    }
  /** Its project has all the slots that it may have. */
  | {
      readonly kind: 'quota';
      readonly project: string;
      readonly running: number;
      readonly limit: number;
      /** Stages of the project that come first. */
      readonly before: number;
    }
  /** `lastSeenAt` null: there never was one. */
  | { readonly kind: 'no-worker'; readonly pool: string; readonly lastSeenAt: number | null }
  /** Others come first: about how many, and who is next. */
  | {
      readonly kind: 'line';
      readonly pool: string;
      readonly before: number;
      readonly next: readonly WorkRef[];
      readonly inUse: number;
      readonly slots: number;
    }
  /** Its environment is frozen; `until` null: no end is in sight; `window` null: outside of those that allow releases. */
  | {
      readonly kind: 'frozen';
      readonly environment: string;
      readonly window: string | null;
      readonly reason: string;
      readonly until: number | null;
    }
  /** It stands in the workers' queue. */
  | { readonly kind: 'handed-out'; readonly pool: string; readonly inUse: number; readonly slots: number };

/** `stage` null: the whole run waits. */
export interface StageWait {
  readonly stage: string | null;
  readonly why: WaitReason;
}

export function explainWait(why: WaitReason, now: number): string {
  switch (why.kind) {
    case 'turn': {
      const more = why.count - why.before.length;
      const names = `${why.before.map(nameOf).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
      return names === ''
        ? `it is about to get its turn in concurrency group "${why.group}"`
        : `waits for ${names} of the same concurrency group "${why.group}"`;
    }
    case 'quota':
      return `project ${why.project} runs ${why.running} of its ${why.limit} stages; ${stages(why.before, why.project)} before it`;
    case 'no-worker':
      return why.lastSeenAt === null
        ? `no worker of pool ${why.pool} has ever been seen: start one with SLUICE_POOL=${why.pool}`
        : `no worker of pool ${why.pool} has been seen for ${span(now - why.lastSeenAt)}`;
    case 'line': {
      const next =
        why.next.length === 0
          ? ''
          : `: next ${why.next.length === 1 ? 'is' : 'are'} ${why.next.map(nameOf).join(', ')}`;
      return `about ${stages(why.before)} before it in pool ${why.pool}, where ${why.inUse} of ${why.slots} slots are taken${next}`;
    }
    case 'frozen': {
      const by = why.window === null ? 'outside of its release windows' : `by the window "${why.window}"`;
      const end = why.until === null ? 'with no end in sight' : `for another ${span(why.until - now)}`;
      return `${why.environment} is frozen ${by} ${end}: ${why.reason}`;
    }
    case 'handed-out':
      return `a worker of pool ${why.pool} takes it next; ${why.inUse} of ${why.slots} slots are taken`;
    default:
      return unreachable(why);
  }
}

export const nameOf = ({ number, stage }: WorkRef): string =>
  stage === null ? `run #${number}` : `${stage} of run #${number}`;

function stages(count: number, project?: string): string {
  const of = project === undefined ? '' : ` of ${project}`;
  return count === 1 ? `1 stage${of} is` : `${count} stages${of} are`;
}

function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
