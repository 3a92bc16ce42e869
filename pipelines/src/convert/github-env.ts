// Variables and concurrency groups of a workflow or a job.
import type { MapEntry } from '../language/source-node.ts';
import { entriesOf, isTrue, leftOut, spanOfEntry, textOf, type Conversion } from './conversion.ts';
import { draftOf, put, type DraftMap, type DraftValue } from './draft.ts';
import type { GithubScope } from './github-expressions.ts';
import { githubEnvValue, githubText, type GithubPlace } from './github-text.ts';
import { takeKeys } from './take-keys.ts';
import { isVariable } from './names.ts';

/** Adds each variable that has a counterpart. */
export function addEnv(
  conversion: Conversion,
  scope: GithubScope,
  entry: MapEntry | undefined,
  env: DraftMap,
): void {
  if (entry !== undefined && entry.value.kind === 'scalar' && entry.value.value !== null)
    leftOut(conversion, entry.value, {
      what: 'env',
      why: 'its variables are computed.',
      whatToDo: 'Write them one by one.',
    });
  for (const each of entriesOf(entry?.value)) {
    const text = textOf(each.value);
    if (!isVariable(each.key) || (text === null && each.value.kind !== 'scalar')) {
      leftOut(conversion, each.keySpan, {
        what: each.key.slice(0, 60),
        why: 'this is not a variable with a value.',
      });
      continue;
    }
    const place: GithubPlace = { conversion, scope, span: each.value };
    const value = githubEnvValue(place, each.key, text ?? '');
    const known = env.entries.findIndex((other) => other.key === each.key);
    if (value === undefined) continue;
    if (known !== -1) env.entries.splice(known, 1);
    put(env, each.key, value, spanOfEntry(each));
  }
}

/** Variables whose value is text and not a secret. */
export const plainNames = (...layers: readonly DraftMap[]): ReadonlySet<string> =>
  new Set(
    layers.flatMap((env) =>
      env.entries.filter((entry) => typeof entry.value === 'string').map((entry) => entry.key),
    ),
  );

export function githubConcurrency(
  conversion: Conversion,
  scope: GithubScope,
  entry: MapEntry | undefined,
): DraftValue | undefined {
  if (entry === undefined) return undefined;
  const keys = takeKeys(conversion, entry.value, 'concurrency');
  const node = keys.get('group')?.value ?? entry.value;
  const group = textOf(node);
  if (group === null) return undefined;
  // A pull request has a branch of its own, so that what GitHub chooses by the event is the branch here.
  const text = githubText(
    { conversion, scope, span: node },
    group
      .replace(/github\.event\.pull_request\.head\.label \|\| /g, '')
      .replace(
        /github\.(head_ref|event\.pull_request\.number|event\.number)\s*\|\|\s*github\.(ref_name|ref)\b/g,
        'github.ref',
      ),
  );
  if (text === null || text.trim() === '') return undefined;
  const cancels = keys.get('cancel-in-progress')?.value;
  const isCancel = isTrue(cancels) || (textOf(cancels) ?? '').includes('${{');
  return isCancel ? draftOf({ group: text, when_busy: 'cancel_older' }, spanOfEntry(entry)) : text;
}
