// A step's `if` after everything but the fate of the steps before it is known: one of eight short conditions,
// so that a worker needs neither the trigger nor CEL to decide it, and does not load them.

/** How the steps before went: none failed; one failed; the stage is being cancelled. */
export type StepSituation = 'success' | 'failure' | 'cancelled';

export const situations: readonly StepSituation[] = ['success', 'failure', 'cancelled'];

/** For each condition, when it is true. */
export const runsIn: ReadonlyMap<string, readonly StepSituation[]> = new Map<
  string,
  readonly StepSituation[]
>([
  ['success()', ['success']],
  ['failure()', ['failure']],
  ['cancelled()', ['cancelled']],
  ['always()', ['success', 'failure', 'cancelled']],
  ['!cancelled()', ['success', 'failure']],
  ['!failure()', ['success', 'cancelled']],
  ['!success()', ['failure', 'cancelled']],
  ['false', []],
]);

/**
 * Whether a step of a resolved stage runs. Null means `success()`. Any other text than a reduced condition counts
 * as `success()`: resolving a stage never leaves one.
 */
export function stepRuns(condition: string | null, situation: StepSituation): boolean {
  const when = runsIn.get(condition ?? 'success()') ?? ['success'];
  return when.includes(situation);
}
