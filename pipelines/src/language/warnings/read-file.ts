import type { PipelineDefinition } from '../definition.ts';
import type { Reading } from '../reading.ts';
import type { SourceNode } from '../source-node.ts';
import type { UsedOutputs } from '../used-outputs.ts';

/** A file without errors, with what its warnings are about. */
export interface ReadFile {
  readonly reading: Reading;
  readonly root: SourceNode;
  readonly definition: PipelineDefinition;
  /** Stage id → the map of its keys. */
  readonly places: ReadonlyMap<string, SourceNode>;
  readonly used: UsedOutputs;
}
