import { possibleStatuses } from '../../plan/decide-stage.ts';
import { sortStages } from '../../plan/sort-stages.ts';
import type { Expression, StageDefinition } from '../definition.ts';
import { compileExpression } from '../expression/compile-expression.ts';
import { bindingsFor } from '../expression/scope.ts';
import { entryAt } from '../find-node.ts';
import { isFull, report } from '../reading.ts';
import type { ReadFile } from './read-file.ts';
import { possibleTriggers, type PossibleTrigger } from './possible-triggers.ts';

/** Stage id → the triggers that may have it run. */
export type Reached = ReadonlyMap<string, ReadonlySet<PossibleTrigger>>;

/**
 * Warns of stages that no trigger of the file can have run, and gives those that the others have. What is not known
 * from the file alone may be anything.
 */
export function warnOfUnreachableStages({ reading, definition, places }: ReadFile): Reached {
  const triggers = possibleTriggers(definition);
  const reached = new Map<string, ReadonlySet<PossibleTrigger>>();
  // Thousands of stages often share a few conditions.
  const answers = new Map(triggers.map((trigger) => [trigger, new Map<string, boolean>()]));
  for (const stage of sortStages(definition.stages)) {
    const by = new Set(
      triggers.filter((trigger) =>
        mayRun(stage, trigger, reached, answers.get(trigger) ?? new Map<string, boolean>()),
      ),
    );
    reached.set(stage.id, by);
    if (by.size > 0 || triggers.length === 0 || isFull(reading, 'warning')) continue;
    const missing = stage.needs.find((need) => !need.optional && reached.get(need.stage)?.size === 0);
    const place = places.get(stage.id);
    const at = entryAt(place, missing === undefined ? 'if' : 'needs')?.value ?? place;
    const events = [...new Set(triggers.map(({ event }) => event))].join(', ');
    const why =
      missing === undefined
        ? `its condition is false for every event of this file (${events}). Change it, or add the event to on`
        : `it needs "${missing.stage}", which never runs. Remove that need, or make it optional`;
    if (at !== undefined)
      report(reading, at, 'unreachable-stage', `stage "${stage.id}" never runs: ${why}.`, 'warning');
  }
  return reached;
}

function mayRun(
  stage: StageDefinition,
  trigger: PossibleTrigger,
  reached: Reached,
  answers: Map<string, boolean>,
): boolean {
  const canSucceed = stage.needs.every(
    (need) => need.optional || reached.get(need.stage)?.has(trigger) !== false,
  );
  if (stage.if === null) return canSucceed;
  const question = `${canSucceed} ${stage.if}`;
  const known = answers.get(question);
  if (known !== undefined) return known;
  const answer = mayBeTrue(stage.if, trigger, canSucceed);
  answers.set(question, answer);
  return answer;
}

function mayBeTrue(condition: Expression, trigger: PossibleTrigger, canSucceed: boolean): boolean {
  const compiled = compileExpression(condition);
  if (!compiled.ok) return true;
  const { usesStatus, references, evaluate } = compiled.value;
  if (!usesStatus && !canSucceed) return false;
  const certain = references.filter(({ path: [root = ''] }) => trigger.known.has(root));
  const bindings = bindingsFor(certain, trigger.scope);
  const statuses = possibleStatuses(canSucceed, true);
  // Without a status function, every status gives the same value.
  return (usesStatus ? statuses : statuses.slice(0, 1)).some((status) => {
    const value = evaluate(bindings, status);
    return !value.ok || value.value !== false;
  });
}
