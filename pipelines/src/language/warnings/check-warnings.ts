import type { PipelineDefinition } from '../definition.ts';
import { entriesOf, nodeAt } from '../find-node.ts';
import type { Reading } from '../reading.ts';
import type { SourceNode } from '../source-node.ts';
import type { UsedOutputs } from '../used-outputs.ts';
import { warnOfFloatingImages } from './floating-images.ts';
import { warnOfGates } from './gates.ts';
import { warnOfSecretsInForks } from './secrets-in-forks.ts';
import { warnOfUnreachableStages } from './unreachable-stages.ts';
import { warnOfUnusedOutputs } from './unused-outputs.ts';

/** A file without errors, with what its warnings are about. */
export interface ReadFile {
  readonly reading: Reading;
  readonly root: SourceNode;
  readonly definition: PipelineDefinition;
  /** Stage id → the map of its keys. */
  readonly places: ReadonlyMap<string, SourceNode>;
  readonly used: UsedOutputs;
}

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
