import type { StageOfRun } from './run-view.ts';
import type { StateName } from './state-name.ts';

/** A stage of the graph: one with a matrix holds its combinations, which have no box of their own. */
export interface StageOfGraph extends StageOfRun {
  /** In the order of the plan; empty without a matrix. */
  readonly combinations: readonly StageOfRun[];
}

/** In the order of the stages; a stage that stands for combinations needs what they need. */
export function foldMatrices(stages: readonly StageOfRun[]): readonly StageOfGraph[] {
  const combinations = new Map<string, StageOfRun[]>();
  for (const stage of stages) {
    const of = stage.planned.combination?.of;
    if (of === undefined) continue;
    const its = combinations.get(of) ?? [];
    its.push(stage);
    combinations.set(of, its);
  }
  return stages.flatMap((stage) => {
    if (stage.planned.combination !== undefined) return [];
    const its = combinations.get(stage.planned.id) ?? [];
    const [first] = its;
    if (first === undefined) return [{ ...stage, combinations: its }];
    const planned = { ...stage.planned, needs: first.planned.needs };
    return [{ ...stage, planned, shown: shownTogether(stage, its), combinations: its }];
  });
}

/** How many combinations are over. */
export const endedOf = ({ combinations }: StageOfGraph): number =>
  combinations.filter(({ state }) => state !== null && 'finishedAt' in state).length;

/** The box to mark when this stage is open: its own, or that of its matrix. */
export const boxOf = (stages: readonly StageOfRun[], id: string | null): string | null =>
  stages.find(({ planned }) => planned.id === id)?.planned.combination?.of ?? id;

const underWay: readonly StateName[] = ['failed', 'running', 'retrying', 'queued'];

/** Until all have ended: of the combinations, the state that a reader asks about first. */
function shownTogether(stage: StageOfRun, combinations: readonly StageOfRun[]): StateName {
  if (stage.state?.status !== 'waiting') return stage.shown;
  const isShown = (name: StateName): boolean =>
    combinations.some(({ shown, state }) => shown === name && !(state?.status === 'failed' && state.allowed));
  return (
    underWay.find(isShown) ??
    (combinations.some(({ shown }) => shown !== 'waiting') ? 'running' : stage.shown)
  );
}
