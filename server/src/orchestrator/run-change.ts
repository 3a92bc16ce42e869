import type { RunEvent } from '@sluice/pipelines/run/run-state';
import type { Attempt, AttemptKey } from '../store/attempt-store.ts';
import type { LogChunk } from '../store/log-store.ts';
import type { AttemptProgress } from '../store/progress-store.ts';
import type { PlannedRun } from '../store/run-store.ts';
import type { LocalNews } from './news.ts';

/** What a worker's claim or report wants of one attempt and its run. Many of them share a transaction. */
export interface RunChange<Answer> {
  readonly runId: string;
  readonly attempt: { readonly id: string } | AttemptKey;
  /** Pure: it may be asked again. What it throws is heard by its own caller alone. */
  readonly decide: (held: HeldAttempt) => Decision<Answer>;
}

/** The attempt and its run as the changes before this one left them; nobody else changes them meanwhile. */
export interface HeldAttempt {
  readonly run: PlannedRun;
  readonly attempt: Attempt;
  /** Now, the same for everything in this transaction. */
  readonly at: number;
}

export interface Decision<Answer> {
  readonly answer: Answer;
  /** Absent, as everything below: nothing of it changes. */
  readonly attempt?: Partial<Omit<AttemptProgress, 'id'>>;
  readonly events?: readonly RunEvent[];
  /** Follow what the attempt's log holds already. */
  readonly chunks?: readonly LogChunk[];
  /** The attempt is over before a worker had it: the engine's last word in its log. */
  readonly over?: string;
  readonly news?: readonly LocalNews[];
  /** Called once when all of it is stored. */
  readonly onStored?: () => void;
}

/** Resolves when what was decided is stored, with the answer; null: there is no such run or attempt. */
export type ChangeRun = <Answer>(change: RunChange<Answer>) => Promise<Answer | null>;
