// What of a stage's condition can be said before anything ran.
import { compileExpression, type StatusFacts } from '../language/expression/compile-expression.ts';
import { describeValues, evaluateCondition } from '../language/expression/evaluate-condition.ts';
import { isKnown, type Scope } from '../language/expression/scope.ts';
import type { Expression, StageDefinition } from '../language/definition.ts';
import type { PlannedStage } from './plan.ts';

export interface EarlyDecision {
  /** What is left to decide; null: `success()`. */
  readonly if: Expression | null;
  readonly decision: PlannedStage['decision'];
}

/** What is known of the stages before: which of them the plan leaves out, and whether any above can fail. */
export interface Before {
  readonly isExcluded: (stage: string) => boolean;
  readonly canFail: boolean;
  /** Why the template that brought the stage does not run; null: it may. */
  readonly obstacle: string | null;
}

/** `scope` holds the trigger, and neither the run nor the results of stages. */
export function decideStage(stage: StageDefinition, scope: Scope, before: Before): EarlyDecision {
  if (before.obstacle !== null) return excluded(stage.if, before.obstacle);
  const missing = stage.needs.find((need) => !need.optional && before.isExcluded(need.stage));
  if (stage.if === null) {
    if (missing !== undefined) return excluded(null, `needs ${missing.stage}, which does not run`);
    return { if: null, decision: { included: true, reasons: [afterNeeds(stage)] } };
  }
  const expression = compileExpression(stage.if);
  if (!expression.ok) return { if: stage.if, decision: { included: true, reasons: [`if ${stage.if}`] } };
  const { usesStatus, references } = expression.value;
  if (!usesStatus && missing !== undefined)
    return excluded(stage.if, `needs ${missing.stage}, which does not run`);

  const outcomes = possibleStatuses(missing === undefined, before.canFail).map((status) =>
    evaluateCondition(expression.value, scope, status),
  );
  const values = describeValues(stage.if, scope);
  const shown = values === '' ? '' : `: ${values}`;
  if (outcomes.every((outcome) => outcome.ok && !outcome.value)) {
    const why =
      missing === undefined ? shown : `${shown === '' ? ':' : `${shown},`} ${missing.stage} does not run`;
    return excluded(stage.if, `${stage.if} is false${why}`);
  }
  const decided = !usesStatus && references.every((reference) => isKnown(reference, scope));
  if (decided && outcomes.some((outcome) => outcome.ok && outcome.value)) {
    return {
      if: null,
      decision: { included: true, reasons: [`${stage.if} is true${shown}`, afterNeeds(stage)] },
    };
  }
  const reason = `decided when ${needNames(stage) || 'the run'} ${stage.needs.length === 0 ? 'begins' : 'ended'}: ${stage.if}`;
  return {
    if: stage.if,
    decision: { included: true, reasons: [values === '' ? reason : `${reason} (${values})`] },
  };
}

/** Every answer that success(), failure() and cancelled() can still give together. */
export function possibleStatuses(canSucceed: boolean, canFail: boolean): readonly StatusFacts[] {
  const all: readonly StatusFacts[] = [
    { success: true, failure: false, cancelled: false },
    { success: true, failure: true, cancelled: false },
    { success: false, failure: true, cancelled: false },
    { success: false, failure: false, cancelled: false },
    { success: false, failure: false, cancelled: true },
  ];
  return all.filter((facts) => (canSucceed || !facts.success) && (canFail || !facts.failure));
}

const excluded = (condition: Expression | null, reason: string): EarlyDecision => ({
  if: condition,
  decision: { included: false, reasons: [reason] },
});

const needNames = (stage: StageDefinition): string => stage.needs.map((need) => need.stage).join(', ');

function afterNeeds(stage: StageDefinition): string {
  if (stage.needs.length === 0) return 'starts at once';
  const optional = stage.needs.filter((need) => need.optional).map((need) => need.stage);
  const required = stage.needs.filter((need) => !need.optional).map((need) => need.stage);
  if (required.length === 0) return `after ${optional.join(', ')}, however they end`;
  const also = optional.length === 0 ? '' : `, and after ${optional.join(', ')}, however they end`;
  return `when ${required.join(', ')} succeeded${also}`;
}
