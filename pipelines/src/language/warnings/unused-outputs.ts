import { entriesOf, nodeAt } from '../find-node.ts';
import { isFull, report } from '../reading.ts';
import type { ReadFile } from './read-file.ts';

/** An output that no expression reads is most often a name that was changed in one place only. */
export function warnOfUnusedOutputs({ reading, places, used }: ReadFile): void {
  for (const [stage, node] of places) {
    for (const { key, keySpan } of entriesOf(nodeAt(node, 'outputs'))) {
      if (used.has(stage, key) || isFull(reading, 'warning')) continue;
      const message = `stage "${stage}" gives the output "${key}", and nothing reads it. Use stages.${stage}.outputs.${key}, or remove it.`;
      report(reading, keySpan, 'unused-output', message, 'warning');
    }
  }
}
