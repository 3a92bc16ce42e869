import type { UsedTemplate } from '../language/definition.ts';
import type { Plan } from './plan.ts';

/** The templates that a plan's stages come from, each once, in the order of their use. */
export function templatesOf({ stages }: Pick<Plan, 'stages'>): readonly UsedTemplate[] {
  const used = new Map<string, UsedTemplate>();
  for (const { work } of stages)
    if (work.kind === 'use') used.set(`${work.template.use} ${work.template.commit}`, work.template);
  return [...used.values()];
}

/** `org/templates/node-ci.yml@v3 (3f2a91c)`; of the pipeline's own repository, its name alone. */
export const templateLine = ({ use, commit }: UsedTemplate): string =>
  commit === null ? use : `${use} (${commit.slice(0, 7)})`;
