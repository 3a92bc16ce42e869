import { pipelineSchema } from '@sluice/pipelines/language/schema/json-schema';
import type { Terminal } from './terminal.ts';

/** Prints the JSON Schema of pipeline files, for editors. */
export function schemaCommand(io: Pick<Terminal, 'write'>): void {
  io.write(`${JSON.stringify(pipelineSchema(), null, 2)}\n`);
}
