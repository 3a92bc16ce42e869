import type { MapEntry } from '../language/source-node.ts';
import { leftOut, textOf, type Conversion } from './conversion.ts';
import { durationOf } from './durations.ts';
import { githubCondition, type GithubScope } from './github-expressions.ts';

/** Undefined: as usual, after success of what is before. */
export function conditionOf(
  conversion: Conversion,
  scope: GithubScope,
  entry: MapEntry | undefined,
): string | undefined {
  const written =
    entry === undefined ? null : entry.value.kind === 'scalar' ? String(entry.value.value ?? '') : null;
  if (entry === undefined || written === null || written.trim() === '') return undefined;
  const condition = githubCondition(scope, written);
  if (typeof condition !== 'string') return condition.text === 'true' ? undefined : condition.text;
  leftOut(conversion, entry.value, {
    what: 'if',
    why: `${condition}.`,
    whatToDo: 'It does not run until you write its if:.',
  });
  return 'false';
}

export function timeoutOf(conversion: Conversion, entry: MapEntry | undefined): string | undefined {
  if (entry === undefined) return undefined;
  const duration = durationOf(textOf(entry.value) ?? '', 60);
  if (duration === null)
    leftOut(conversion, entry.value, { what: 'timeout-minutes', why: 'this is not a number.' });
  return duration ?? undefined;
}
