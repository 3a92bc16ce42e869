import { leavesOf } from './members-of.ts';
import type { Plan, PlannedStage } from './plan.ts';

/**
 * Ids of the stages whose artifacts a stage gets into its workspace: those that `artifacts.from` names, else those in
 * its `needs`, which is also what a build gets. Only stages that keep artifacts are among them; of a matrix, all its
 * combinations, and of a template, all its stages, in their order.
 */
export function artifactSources(plan: Plan, { work, needs }: PlannedStage): readonly string[] {
  if (work.kind !== 'steps' && work.kind !== 'build') return [];
  const named = work.kind === 'steps' ? (work.keeps?.artifactsFrom ?? null) : null;
  const wanted = new Set<string>();
  for (const id of named ?? needs.map((need) => need.stage))
    for (const each of [id, ...leavesOf(plan, id)]) wanted.add(each);
  return plan.stages.flatMap((stage) => {
    const isWanted = wanted.has(stage.id) || wanted.has(stage.combination?.of ?? '');
    return isWanted && keepsArtifacts(stage.unexpanded?.each ?? stage) ? [stage.id] : [];
  });
}

const keepsArtifacts = ({ work }: PlannedStage): boolean =>
  work.kind === 'steps' && (work.keeps?.artifacts ?? null) !== null;
