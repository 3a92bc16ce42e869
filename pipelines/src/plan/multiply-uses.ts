// Stages with `use` and a matrix → the stages of their templates once for each combination, and one stage that stands
// for them all. A template may be used by a template, so that from the outside inwards each makes the next ones.
import type { MatrixRules, StageDefinition, StageNeed, UseWork } from '../language/definition.ts';
import { renameStages } from '../language/templates/expand-uses.ts';
import { err, type Result } from '../result.ts';
import { knownMatrix, type NamedCombination } from './combine.ts';
import { combinationsOf, combinationStage, renderMatrix } from './expand-matrix.ts';
import { maxNeeds, maxStages } from './plan.ts';
import { contextOf, scopeIn, type Known, type StageContext } from './stage-context.ts';

/** `stages` as `expandUses` has made them, those of a template right before the stage that uses it. */
export function multiplyUses(
  stages: readonly StageDefinition[],
  pipeline: Pick<StageContext, 'inputs' | 'env'>,
  known: Known,
): readonly StageDefinition[] {
  if (!stages.some(hasMatrix)) return stages;
  const users = new Map<string, StageDefinition>();
  let total = stages.length;
  let needs = needsOf(stages);

  /** From the last one backwards: whoever uses a template is met before its stages. */
  function expand(group: readonly StageDefinition[]): readonly StageDefinition[] {
    const parts: (readonly StageDefinition[])[] = [];
    for (let end = group.length; end > 0;) {
      const stage = group[end - 1];
      if (stage === undefined) break;
      const first = firstMember(group, end - 1, stage.id);
      parts.push(
        stage.work.kind === 'use' ? expandUse(stage, stage.work, group.slice(first, end - 1)) : [stage],
      );
      end = stage.work.kind === 'use' ? first : end - 1;
    }
    return parts.toReversed().flat();
  }

  function expandUse(
    stage: StageDefinition,
    work: UseWork,
    members: readonly StageDefinition[],
  ): readonly StageDefinition[] {
    if (stage.matrix === null) {
      users.set(stage.id, stage);
      return [...expand(members), stage];
    }
    const combinations = combinationsFor(stage, stage.matrix);
    if (!combinations.ok) return [without(stage, work, needsBefore(stage), combinations.error)];
    total += combinations.value.length * (members.length + 1) - members.length;
    needs += combinations.value.length * needsOf(members);
    if (total > maxStages || needs > maxNeeds)
      return [without(stage, work, needsBefore(stage), tooMany(stage.id, combinations.value.length))];
    if (combinations.value.length === 0) return [without(stage, work, needsBefore(stage), null)];
    const copies = combinations.value.map((each) => copyFor(stage, work, members, each));
    const expanded = copies.flatMap((copy) => {
      users.set(copy.user.id, copy.user);
      return [...expand(copy.members), copy.user];
    });
    return [
      ...expanded,
      gathering(
        stage,
        copies.map(({ user }) => user.id),
      ),
    ];
  }

  function combinationsFor(
    stage: StageDefinition,
    matrix: MatrixRules,
  ): Result<readonly NamedCombination[], string> {
    const context = contextOf(pipeline, stage, (id) => users.get(id), known);
    if (!context.ok) return context;
    const scope = scopeIn(context.value, known);
    const rules = renderMatrix(matrix, scope);
    if (!rules.ok) return err(`stage "${stage.id}": ${rules.error}`);
    if (knownMatrix(rules.value) === null) return err(`stage "${stage.id}": ${notKnown}`);
    const combined = combinationsOf(rules.value, scope);
    return combined.ok ? combined : err(`stage "${stage.id}": ${combined.error}`);
  }

  /** One that needs nothing in its template waits for what the template waits for. */
  function needsBefore({ within, work }: StageDefinition): readonly StageNeed[] {
    const own = work.kind === 'use' ? work.entry.needs : [];
    const outer = own.length > 0 || within === undefined ? undefined : users.get(within);
    return outer === undefined ? own : needsBefore(outer).map((need) => ({ ...need, optional: true }));
  }

  return expand(stages);
}

const needsOf = (stages: readonly StageDefinition[]): number =>
  stages.reduce((sum, stage) => sum + stage.needs.length, 0);

const hasMatrix = ({ matrix, work }: StageDefinition): boolean => matrix !== null && work.kind === 'use';

/** Where the stages begin that stand below the one at `at`. */
function firstMember(group: readonly StageDefinition[], at: number, id: string): number {
  let first = at;
  while (group[first - 1]?.id.startsWith(`${id}.`) === true) first -= 1;
  return first;
}

const notKnown =
  'matrix: its lists are not known when the run is planned, and which stages of a template it has must be: write them out, or take them from inputs of the start';

const tooMany = (id: string, count: number): string =>
  `stage "${id}": matrix: with ${count} times the stages of its template the run would have more than ${maxStages} stages, or ${maxNeeds} needs: shorten the lists, or split the pipeline`;

interface Copy {
  readonly members: readonly StageDefinition[];
  readonly user: StageDefinition;
}

function copyFor(
  stage: StageDefinition,
  work: UseWork,
  members: readonly StageDefinition[],
  named: NamedCombination,
): Copy {
  const { combination, ...own } = combinationStage({ ...stage, matrix: null }, named);
  const rename = (id: string): string =>
    id.startsWith(`${stage.id}.`) ? own.id + id.slice(stage.id.length) : id;
  const renamed = members.map((each) => renamedStage(each, stage.id, own.id, rename));
  const needs = own.needs.map((need) => ({ ...need, stage: rename(need.stage) }));
  return {
    members: renamed,
    user: { ...own, needs, work: { ...work, stages: work.stages.map(rename), combination } },
  };
}

/** The stage that stands for all combinations. */
const gathering = (stage: StageDefinition, ids: readonly string[]): StageDefinition => ({
  ...stage,
  matrix: null,
  if: null,
  needs: ids.map((id) => ({ stage: id, optional: false })),
  work: { kind: 'matrix', stages: ids },
});

function renamedStage(
  stage: StageDefinition,
  user: string,
  newUser: string,
  rename: (id: string) => string,
): StageDefinition {
  const { within } = stage;
  return {
    ...stage,
    id: rename(stage.id),
    needs: stage.needs.map((need) => ({ ...need, stage: rename(need.stage) })),
    ...(within !== undefined && { within: within === user ? newUser : rename(within) }),
    work: renameStages(stage.work, rename),
  };
}

/** It waits as it would have, and then is skipped, or fails of the problem. */
function without(
  stage: StageDefinition,
  { entry }: UseWork,
  needs: readonly StageNeed[],
  problem: string | null,
): StageDefinition {
  return {
    ...stage,
    needs,
    if: entry.if,
    matrix: null,
    work: { kind: 'matrix', stages: [], ...(problem !== null && { problem }) },
  };
}
