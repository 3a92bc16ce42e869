// A part of a plan, as a person on a laptop asks for it: some stages with what they need, some combinations.
import { didYouMean } from '../language/suggest.ts';
import { err, ok, type Result } from '../result.ts';
import { leavesOf } from './members-of.ts';
import type { Plan, PlannedStage } from './plan.ts';

export interface StageChoice {
  /** Only these and what they need; empty: all. */
  readonly only: readonly string[];
  /** Only this one and what needs it, directly or not; what stands before them is kept from a run before. Null: all. */
  readonly from: string | null;
  /** Name in a matrix → value; of stages that have the name, only combinations with the value. */
  readonly matrix: Readonly<Record<string, string>>;
}

export interface ChosenStages {
  readonly plan: Plan;
  /** In the plan, and not to be carried out again: `from` stands on them. */
  readonly keeps: ReadonlySet<string>;
}

/** The error names what is not there, and what is. */
export function chooseStages(plan: Plan, { only, from, matrix }: StageChoice): Result<ChosenStages, string> {
  const narrowed = chooseCombinations(plan, matrix);
  if (!narrowed.ok) return narrowed;
  const { stages } = narrowed.value;
  const named = from === null ? only : [...only, from];
  for (const id of named) {
    const problem = whyNot(plan, id);
    if (problem !== null) return err(problem);
  }
  const again = from === null ? null : withDependents(narrowed.value, from);
  const wanted = only.length > 0 ? withNeeds(stages, only) : null;
  if (again !== null && wanted !== null && !only.some((id) => again.has(id))) {
    return err(
      `--stage ${only.join(', ')} does not need "${from}", which --from begins with: leave one away`,
    );
  }
  const run = stages.filter(({ id }) => (again?.has(id) ?? true) && (wanted?.has(id) ?? true));
  const all = withNeeds(
    stages,
    run.map(({ id }) => id),
  );
  const runs = new Set(run.map(({ id }) => id));
  return ok({
    plan: { ...plan, stages: withTemplates(stages, all) },
    keeps: new Set([...all].filter((id) => !runs.has(id))),
  });
}

function whyNot({ stages }: Plan, id: string): string | null {
  const stage = stages.find((each) => each.id === id);
  if (stage !== undefined) {
    return stage.decision.included
      ? null
      : `stage "${id}" does not run for this event: ${stage.decision.reasons.join('; ')}`;
  }
  const ids = stages.map((each) => each.id);
  const shown =
    ids.length > 12 ? `${ids.slice(0, 12).join(', ')} and ${ids.length - 12} more` : ids.join(', ');
  return `there is no stage "${id}".${didYouMean(id, ids)} There is ${shown}`;
}

/** The stages that are left, with the ones that brought them, which say what their expressions name. */
function withTemplates(stages: readonly PlannedStage[], left: ReadonlySet<string>): readonly PlannedStage[] {
  const byId = new Map(stages.map((stage) => [stage.id, stage]));
  const all = new Set(left);
  for (const id of left)
    for (let user = byId.get(id)?.within; user !== undefined; user = byId.get(user)?.within) all.add(user);
  return stages.flatMap((stage) => {
    if (!all.has(stage.id)) return [];
    if (left.has(stage.id) || stage.work.kind !== 'use') return [stage];
    const members = stage.work.stages.filter((id) => all.has(id));
    const needs = members.map((id) => ({ stage: id, optional: false }));
    return [{ ...stage, needs, work: { ...stage.work, stages: members } }];
  });
}

/** These stages and all that they need, directly or not. */
function withNeeds(stages: readonly PlannedStage[], ids: readonly string[]): ReadonlySet<string> {
  const needs = new Map(stages.map((stage) => [stage.id, stage.needs]));
  const found = new Set(ids);
  const open = [...ids];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    for (const { stage } of needs.get(id) ?? []) {
      if (!found.has(stage)) open.push(stage);
      found.add(stage);
    }
  }
  return found;
}

/** This stage, with all that it stands for, and all that needs it. Plans are in topological order. */
function withDependents(plan: Plan, from: string): ReadonlySet<string> {
  const found = new Set([from, ...leavesOf(plan, from)]);
  for (const stage of plan.stages) if (stage.needs.some((need) => found.has(need.stage))) found.add(stage.id);
  return found;
}

function chooseCombinations(plan: Plan, values: StageChoice['matrix']): Result<Plan, string> {
  let { stages } = plan;
  for (const [name, value] of Object.entries(values)) {
    const known = valuesOf(stages, name);
    if (known === null) {
      const names = [...new Set(plan.stages.flatMap(namesOf))];
      const there = names.length === 0 ? 'No stage has a matrix' : `There is ${names.join(', ')}`;
      return err(`no matrix has the name "${name}".${didYouMean(name, names)} ${there}`);
    }
    if (known.isComplete && !known.values.has(value))
      return err(`no combination has ${name}=${value}: there is ${[...known.values].join(', ')}`);
    stages = narrow(stages, name, value);
  }
  return ok({ ...plan, stages });
}

const namesOf = ({ combination, unexpanded }: PlannedStage): readonly string[] => [
  ...Object.keys(combination?.values ?? {}),
  ...Object.keys(unexpanded?.rules.lists ?? {}),
];

/** Null: no matrix has the name. Not complete: some combinations become known while the run goes on. */
function valuesOf(
  stages: readonly PlannedStage[],
  name: string,
): { readonly values: ReadonlySet<string>; readonly isComplete: boolean } | null {
  const having = stages.filter((stage) => namesOf(stage).includes(name));
  if (having.length === 0) return null;
  const values = having.flatMap(({ combination }) =>
    combination === undefined ? [] : [combination.values[name]],
  );
  return {
    values: new Set(values.map(String)),
    isComplete: having.every((each) => each.unexpanded === undefined),
  };
}

function narrow(stages: readonly PlannedStage[], name: string, value: string): readonly PlannedStage[] {
  const agrees = ({ combination }: PlannedStage): boolean =>
    combination === undefined ||
    !Object.hasOwn(combination.values, name) ||
    String(combination.values[name]) === value;
  const gone = new Set(stages.filter((stage) => !agrees(stage)).map(({ id }) => id));
  // With a combination that uses a template go the template's stages, which stand before it.
  for (const stage of stages.toReversed())
    if (stage.within !== undefined && gone.has(stage.within)) gone.add(stage.id);
  const left = stages.filter(({ id }) => !gone.has(id));
  const ids = new Set(left.map(({ id }) => id));
  return left.map((stage) => {
    const { unexpanded, work } = stage;
    if (unexpanded !== undefined && Object.hasOwn(unexpanded.rules.lists, name)) {
      const wanted = `string(matrix.${name}) == ${JSON.stringify(value)}`;
      const { each } = unexpanded;
      const condition = each.if === null ? wanted : `(${each.if}) && ${wanted}`;
      return { ...stage, unexpanded: { ...unexpanded, each: { ...each, if: condition } } };
    }
    if (work.kind !== 'matrix' || work.stages === null) return stage;
    const combinations = work.stages.filter((id) => ids.has(id));
    if (combinations.length === work.stages.length) return stage;
    const needs = combinations.map((id) => ({ stage: id, optional: false }));
    const gathering = { ...stage, needs, work: { kind: 'matrix', stages: combinations } } as const;
    if (combinations.length > 0) return gathering;
    const reasons = [`it has no combination with ${name}=${value}`];
    return { ...gathering, decision: { included: false, reasons } };
  });
}
