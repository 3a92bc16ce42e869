import type { StageOfRun } from './run-view.ts';
import { stageSpan } from './run-view.ts';

/**
 * Ids of the stages that made the run as long as it is: from the stage that ended last, back along the need
 * that ended last. Empty while nothing has started.
 */
export function criticalPath(stages: readonly StageOfRun[]): ReadonlySet<string> {
  const path = new Set<string>();
  let current = latest(stages);
  while (current !== null && !path.has(current.planned.id)) {
    path.add(current.planned.id);
    const needs = current.planned.needs.map((need) => need.stage);
    current = latest(stages.filter((stage) => needs.includes(stage.planned.id)));
  }
  return path;
}

function latest(stages: readonly StageOfRun[]): StageOfRun | null {
  let found: StageOfRun | null = null;
  let at = -Infinity;
  for (const stage of stages) {
    const { startedAt, finishedAt } = stageSpan(stage.state);
    if (startedAt === null) continue;
    const end = finishedAt ?? Infinity;
    if (end > at) [found, at] = [stage, end];
  }
  return found;
}
