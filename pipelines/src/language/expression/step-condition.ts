import { err, ok, type Result } from '../../result.ts';
import type { CompiledExpression } from './compile-expression.ts';
import { evaluateCondition } from './evaluate-condition.ts';
import type { Scope } from './scope.ts';
import { runsIn, situations, type StepSituation } from './step-situation.ts';

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
