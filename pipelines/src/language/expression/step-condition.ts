// A step's `if` after everything but the fate of the steps before it is known: one of eight short conditions,
// so that a worker needs neither the trigger nor CEL to decide it.
import { err, ok, type Result } from '../../result.ts';
import type { CompiledExpression } from './compile-expression.ts';
import { evaluateCondition } from './evaluate-condition.ts';
import type { Scope } from './scope.ts';

/** How the steps before went: none failed; one failed; the stage is being cancelled. */
export type StepSituation = 'success' | 'failure' | 'cancelled';

const situations: readonly StepSituation[] = ['success', 'failure', 'cancelled'];

/** For each condition, when it is true. */
const runsIn: ReadonlyMap<string, readonly StepSituation[]> = new Map<string, readonly StepSituation[]>([
  ['success()', ['success']],
  ['failure()', ['failure']],
  ['cancelled()', ['cancelled']],
  ['always()', ['success', 'failure', 'cancelled']],
  ['!cancelled()', ['success', 'failure']],
  ['!failure()', ['success', 'cancelled']],
  ['!success()', ['failure', 'cancelled']],
  ['false', []],
]);

/** Reduces a step's condition to one of the eight. The error says which value is missing. */
export function reduceStepCondition(expression: CompiledExpression, scope: Scope): Result<string, string> {
  const wanted: StepSituation[] = [];
  for (const situation of situations) {
    const runs = evaluateCondition(expression, scope, {
      success: situation === 'success',
      failure: situation === 'failure',
      cancelled: situation === 'cancelled',
    });
    if (!runs.ok) return runs;
    if (runs.value) wanted.push(situation);
  }
  const key = wanted.join();
  for (const [condition, when] of runsIn) if (when.join() === key) return ok(condition);
  return err(`the condition ${expression.text} cannot be decided`);
}

/**
 * Whether a step of a resolved stage runs. Null means `success()`. Any other text than a reduced condition counts
 * as `success()`: resolving a stage never leaves one.
 */
export function stepRuns(condition: string | null, situation: StepSituation): boolean {
  const when = runsIn.get(condition ?? 'success()') ?? ['success'];
  return when.includes(situation);
}
