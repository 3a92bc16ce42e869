// Decides many changes of runs and attempts one after the other, each on what the ones before it left. Nothing is stored here.
import type { Attempt } from '../store/attempt-store.ts';
import type { PlannedRun } from '../store/run-store.ts';
import { foldEvents, foldNothing, type Fold } from './fold-events.ts';
import type { Decision, RunChange } from './run-change.ts';

export interface Decided {
  /** In the order of the changes. */
  readonly ends: readonly ChangeEnd[];
  /** One for each run that was held. */
  readonly folds: readonly Fold[];
  readonly attempts: readonly Attempt[];
}

export type ChangeEnd =
  | { readonly kind: 'decided'; readonly attempt: Attempt; readonly decision: Decision<null> }
  /** There is no such run or attempt. */
  | { readonly kind: 'unknown' }
  /** Deciding it threw; nothing of it is to be stored. */
  | { readonly kind: 'failed'; readonly error: unknown };

export function decideChanges(
  changes: readonly RunChange<null>[],
  held: { readonly runs: readonly PlannedRun[]; readonly attempts: readonly Attempt[] },
  at: number,
): Decided {
  const folds = new Map(held.runs.map((run) => [run.id, foldNothing(run)]));
  const attempts = new Map(held.attempts.map((attempt) => [attempt.id, attempt]));
  const ids = new Map(
    held.attempts.map((attempt) => [keyOf(attempt.run_id, attempt.stage, attempt.number), attempt.id]),
  );
  const changed = new Set<string>();

  const decide = (change: RunChange<null>): ChangeEnd => {
    const key = change.attempt;
    const attempt = attempts.get(
      'id' in key ? key.id : (ids.get(keyOf(key.runId, key.stage, key.attempt)) ?? ''),
    );
    const fold = folds.get(change.runId);
    if (attempt === undefined || fold === undefined) return { kind: 'unknown' };
    const { before, state } = fold;
    const run = { ...before, content: { ...before.content, state } };
    const decision = change.decide({ run, attempt, at });
    if (decision.events !== undefined) folds.set(change.runId, foldEvents(fold, decision.events));
    if (decision.attempt !== undefined) {
      attempts.set(attempt.id, { ...attempt, ...decision.attempt });
      changed.add(attempt.id);
    }
    return { kind: 'decided', attempt, decision };
  };

  const ends = changes.map((change): ChangeEnd => {
    try {
      return decide(change);
    } catch (error) {
      return { kind: 'failed', error };
    }
  });
  return {
    ends,
    folds: [...folds.values()],
    attempts: [...attempts.values()].filter(({ id }) => changed.has(id)),
  };
}

const keyOf = (runId: string, stage: string, number: number): string => `${runId} ${number} ${stage}`;
