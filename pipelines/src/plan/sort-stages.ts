import type { StageDefinition } from '../language/definition.ts';

/**
 * Puts every stage after all it needs and otherwise keeps the order of the file. Needs that name no stage are
 * passed over; of a cycle, which a checked definition never has, one edge is ignored.
 */
export function sortStages(stages: readonly StageDefinition[]): readonly StageDefinition[] {
  const byId = new Map(stages.map((stage) => [stage.id, stage]));
  const placed = new Set<string>();
  const entered = new Set<string>();
  const sorted: StageDefinition[] = [];
  for (const root of stages) {
    const path: { readonly stage: StageDefinition; next: number }[] = [];
    enter(root);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const need = top.stage.needs[top.next];
      top.next += 1;
      if (need !== undefined) {
        const needed = byId.get(need.stage);
        if (needed !== undefined) enter(needed);
        continue;
      }
      path.pop();
      placed.add(top.stage.id);
      sorted.push(top.stage);
    }

    function enter(stage: StageDefinition): void {
      if (placed.has(stage.id) || entered.has(stage.id)) return;
      entered.add(stage.id);
      path.push({ stage, next: 0 });
    }
  }
  return sorted;
}
