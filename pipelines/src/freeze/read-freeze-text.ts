import { parse } from 'yaml';
import { err, ok, type Result } from '../result.ts';
import { freezeRules, type FreezeRulesText } from './freeze-rules.ts';

/** Freeze windows from YAML or JSON. The error has a line for each thing that is wrong, with its place. */
export function readFreezeText(text: string): Result<FreezeRulesText, string> {
  let written: unknown;
  try {
    written = parse(text, { maxAliasCount: 0 });
  } catch (error) {
    return err(`the file cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  const read = freezeRules.safeParse(written);
  if (!read.success) {
    const problems = read.error.issues.map(
      ({ path, message }) => `${path.join('.') || 'the file'}: ${message}`,
    );
    return err(problems.join('\n'));
  }
  const { windows, ...rest } = read.data;
  return ok({ ...rest, windows: windows.map((window) => ({ ...window, duration: `${window.duration}ms` })) });
}
