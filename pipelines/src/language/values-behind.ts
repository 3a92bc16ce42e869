import type { EnvValue } from './definition.ts';
import { compileExpression } from './expression/compile-expression.ts';
import type { Reference } from './expression/expression-walk.ts';
import { splitTemplate } from './expression/template.ts';

type Env = Readonly<Record<string, EnvValue>>;

/** The names that give a name its value: itself or, of a variable, those that its text is made of. */
export function valuesBehind(layers: readonly Env[], reference: Reference): readonly Reference[] {
  const [root, name = ''] = reference.path;
  if (root !== 'env') return [reference];
  const index = layers.findLastIndex((each) => Object.hasOwn(each, name));
  const value = layers[index]?.[name];
  if (value?.kind !== 'text') return [];
  const below = layers.slice(0, index);
  return referencesIn(value.text).flatMap((each) => valuesBehind(below, each));
}

/** Each name of a text's expressions once; those that cannot be read have none. */
export function referencesIn(text: string): readonly Reference[] {
  const found = new Map<string, Reference>();
  const parts = splitTemplate(text);
  for (const part of parts.ok ? parts.value : []) {
    const compiled = part.kind === 'text' ? null : compileExpression(part.text);
    for (const each of compiled?.ok === true ? compiled.value.references : [])
      found.set(each.path.join('.'), each);
  }
  return [...found.values()];
}
