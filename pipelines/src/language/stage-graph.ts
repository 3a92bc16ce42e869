import type { StageDefinition } from './definition.ts';

/**
 * The ids of one cycle, in the order in which each needs the next, the first repeated at the end; null where
 * there is none. Every stage is looked at once.
 */
export function findCycle(stages: readonly StageDefinition[]): readonly string[] | null {
  const byId = new Map(stages.map((stage) => [stage.id, stage]));
  const done = new Set<string>();
  for (const root of stages) {
    const path: { readonly stage: StageDefinition; next: number }[] = [];
    const onPath = new Set<string>();
    const enter = (stage: StageDefinition): void => {
      path.push({ stage, next: 0 });
      onPath.add(stage.id);
    };
    if (!done.has(root.id)) enter(root);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const need = top.stage.needs[top.next];
      top.next += 1;
      if (need === undefined) {
        path.pop();
        onPath.delete(top.stage.id);
        done.add(top.stage.id);
        continue;
      }
      if (onPath.has(need.stage)) {
        const ids = path.map((each) => each.stage.id);
        return [...ids.slice(ids.indexOf(need.stage)), need.stage];
      }
      const needed = byId.get(need.stage);
      if (needed !== undefined && !done.has(needed.id)) enter(needed);
    }
  }
  return null;
}

/** Whether a stage needs another one, directly or through others. */
export type NeedsStage = (stage: string, other: string) => boolean;

/**
 * Answers who needs whom. `sorted` is in topological order. The sets are only made when a direct look does not
 * answer: a bit for every pair, one pass over the needs.
 */
export function needsAnswers(sorted: readonly StageDefinition[]): NeedsStage {
  const direct = new Map(sorted.map((stage) => [stage.id, new Set(stage.needs.map((need) => need.stage))]));
  let closure: NeedsStage | null = null;
  return (stage, other) => {
    if (direct.get(stage)?.has(other) === true) return true;
    closure ??= transitiveNeeds(sorted);
    return closure(stage, other);
  };
}

function transitiveNeeds(sorted: readonly StageDefinition[]): NeedsStage {
  const numbers = new Map(sorted.map((stage, index) => [stage.id, index]));
  const words = Math.ceil(sorted.length / 32);
  const rows = sorted.map(() => new Uint32Array(words));
  sorted.forEach((stage, index) => {
    const row = rows[index];
    for (const need of stage.needs) {
      const number = numbers.get(need.stage);
      const needed = number === undefined ? undefined : rows[number];
      if (row === undefined || number === undefined || needed === undefined) continue;
      for (let word = 0; word < words; word += 1) row[word] = (row[word] ?? 0) | (needed[word] ?? 0);
      row[number >>> 5] = (row[number >>> 5] ?? 0) | (1 << (number & 31));
    }
  });
  return (stage, other) => {
    const row = rows[numbers.get(stage) ?? -1];
    const number = numbers.get(other);
    return (
      row !== undefined && number !== undefined && ((row[number >>> 5] ?? 0) & (1 << (number & 31))) !== 0
    );
  };
}
