import type { PipelineDefinition } from '../definition.ts';
import { entriesOf, nodeAt } from '../find-node.ts';
import type { Reading } from '../reading.ts';
import type { SourceNode } from '../source-node.ts';
import type { UsedOutputs } from '../used-outputs.ts';
import { warnOfFloatingImages } from './floating-images.ts';
import { warnOfGates } from './gates.ts';
import type { ReadFile } from './read-file.ts';
import { warnOfSecretsInForks } from './secrets-in-forks.ts';
import { warnOfUnreachableStages } from './unreachable-stages.ts';
import { warnOfUnusedOutputs } from './unused-outputs.ts';

/** What is allowed and most likely not meant. Looked for in files without errors only, each in linear time. */
export function checkWarnings(
  reading: Reading,
  root: SourceNode,
  definition: PipelineDefinition,
  used: UsedOutputs,
): void {
  const places = new Map(entriesOf(nodeAt(root, 'stages')).map(({ key, value }) => [key, value]));
  const file: ReadFile = { reading, root, definition, places, used };
  warnOfUnusedOutputs(file);
  warnOfFloatingImages(file);
  warnOfGates(file);
  const reached = warnOfUnreachableStages(file);
  warnOfSecretsInForks(file, reached);
}
