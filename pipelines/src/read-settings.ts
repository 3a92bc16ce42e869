import { parse } from 'yaml';
import type { z } from 'zod';
import { err, ok, type Result } from './result.ts';

/**
 * Settings that a person keeps in a file of YAML or JSON, checked and handed on as they were written. The error has a
 * line for each thing that is wrong, with its place.
 */
export function readSettings<Schema extends z.ZodType>(
  schema: Schema,
  text: string,
): Result<{ readonly written: unknown; readonly read: z.output<Schema> }, string> {
  let written: unknown;
  try {
    written = parse(text, { maxAliasCount: 0 });
  } catch (error) {
    return err(`the file cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  const read = schema.safeParse(written);
  if (read.success) return ok({ written, read: read.data });
  const problems = read.error.issues.map(
    ({ path, message }) => `${path.join('.') || 'the file'}: ${message}`,
  );
  return err(problems.join('\n'));
}
