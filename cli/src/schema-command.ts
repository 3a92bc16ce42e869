import { pipelineSchema, templateSchema } from '@sluice/pipelines/language/schema/json-schema';
import type { Terminal } from './terminal.ts';

/** Prints the JSON Schema of pipeline files, or of templates, for editors. */
export function schemaCommand(
  io: Pick<Terminal, 'write'>,
  { template = false }: { readonly template?: boolean } = {},
): void {
  io.write(`${JSON.stringify(template ? templateSchema() : pipelineSchema(), null, 2)}\n`);
}
