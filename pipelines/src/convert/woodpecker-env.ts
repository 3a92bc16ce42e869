import type { SourceNode } from '../language/source-node.ts';
import { entriesOf, entryOf, itemsOf, leftOut, textOf, type Conversion } from './conversion.ts';
import { draftMap, draftOf, put, type DraftMap, type DraftValue } from './draft.ts';
import { isVariable, secretName, variableOf } from './names.ts';
import { woodpeckerText } from './woodpecker-variables.ts';

/** Variables as a map or as `NAME=value`, and secrets by name. */
export function environmentOf(
  conversion: Conversion,
  node: SourceNode | undefined,
  secrets: SourceNode | undefined,
  matrixNames: ReadonlySet<string>,
): DraftMap {
  const env = draftMap();
  const add = (name: string, value: DraftValue, from: SourceNode): void => {
    if (!isVariable(name))
      leftOut(conversion, from, { what: name.slice(0, 60), why: 'this is not the name of a variable.' });
    else if (!env.entries.some((entry) => entry.key === name)) put(env, name, value, from);
  };
  for (const { key, value } of entriesOf(node)) {
    const secret = textOf(entryOf(value, 'from_secret')?.value);
    if (secret !== null) add(key, draftOf({ secret: secretName(secret) ?? variableOf(secret) }), value);
    else add(key, woodpeckerText(textOf(value) ?? '', matrixNames), value);
  }
  for (const item of node?.kind === 'list' ? node.items : []) {
    const [name = '', ...rest] = (textOf(item) ?? '').split('=');
    if (name !== '') add(name, woodpeckerText(rest.join('='), matrixNames), item);
  }
  for (const item of itemsOf(secrets)) {
    const source = textOf(entryOf(item, 'source')?.value) ?? textOf(item);
    const target = textOf(entryOf(item, 'target')?.value) ?? source;
    if (source !== null && target !== null)
      add(
        variableOf(target).toUpperCase(),
        draftOf({ secret: secretName(source) ?? variableOf(source) }),
        item,
      );
  }
  return env;
}
