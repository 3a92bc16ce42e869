// Stages with `use` → the stages of their templates, named below them, and the stage itself, which ends when they have.
import type { StageDefinition, StageNeed, StageWork } from '../definition.ts';
import type { TemplateDefinition } from './template-definition.ts';

/** `ci` uses a template with `test`: `ci.test`. No id of a file has a dot in it. */
export const memberId = (stage: string, member: string): string => `${stage}.${member}`;

export function expandUses(
  stages: readonly StageDefinition[],
  used: ReadonlyMap<string, TemplateDefinition>,
): readonly StageDefinition[] {
  if (used.size === 0) return stages;
  return stages.flatMap((stage) => {
    const template = used.get(stage.id);
    return template === undefined || stage.work.kind !== 'use'
      ? [stage]
      : expandOne(stage, stage.work, template);
  });
}

function expandOne(
  stage: StageDefinition,
  work: Extract<StageWork, { readonly kind: 'use' }>,
  template: TemplateDefinition,
): readonly StageDefinition[] {
  // They wait for what the stage needs; whether they run then is said by its entry.
  const before = stage.needs.map((need): StageNeed => ({ stage: need.stage, optional: true }));
  const members = template.stages.map((each) => memberOf(stage.id, each, before));
  const stages = members.filter(({ within }) => within === stage.id).map(({ id }) => id);
  const needs = stages.map((id): StageNeed => ({ stage: id, optional: false }));
  return [...members, { ...stage, needs, if: null, work: { ...work, stages } }];
}

function memberOf(user: string, stage: StageDefinition, before: readonly StageNeed[]): StageDefinition {
  const named = (id: string): string => memberId(user, id);
  const needs = stage.needs.map((need) => ({ ...need, stage: named(need.stage) }));
  return {
    ...stage,
    id: named(stage.id),
    needs: needs.length === 0 ? before : needs,
    within: stage.within === undefined ? user : named(stage.within),
    work: renameStages(stage.work, named),
  };
}

/** Everywhere that work names another stage by its id; expressions keep theirs. */
export function renameStages(work: StageWork, named: (id: string) => string): StageWork {
  switch (work.kind) {
    case 'scan':
    case 'push':
      return { ...work, of: named(work.of) };
    case 'deploy':
      return { ...work, image: named(work.image) };
    case 'steps': {
      const { keeps } = work;
      if (keeps?.artifactsFrom === undefined || keeps.artifactsFrom === null) return work;
      return { ...work, keeps: { ...keeps, artifactsFrom: keeps.artifactsFrom.map(named) } };
    }
    case 'use': {
      const needs = work.entry.needs.map((need) => ({ ...need, stage: named(need.stage) }));
      return { ...work, entry: { ...work.entry, needs }, stages: work.stages.map(named) };
    }
    default:
      return work;
  }
}
