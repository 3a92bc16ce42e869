import type { EnvValue } from '../definition.ts';
import { compileExpression } from './compile-expression.ts';
import { renderTemplate } from './render-template.ts';
import { isKnown, type Scope } from './scope.ts';
import { isTemplate, splitTemplate } from './template.ts';

type Env = Readonly<Record<string, EnvValue>>;

/** An environment without variables, for scopes in which none may be named. */
export const noEnv = (): null => null;

/**
 * Looks variables up in layers, the last one first. A text may use `env` of the layers before its own. Secrets
 * have no text: an expression never sees one.
 */
export function envLookup(layers: readonly Env[], scope: Omit<Scope, 'env'>): Scope['env'] {
  const texts = new Map<string, string | null>();
  return (name) => {
    const known = texts.get(name);
    if (known !== undefined) return known;
    const text = lookUp(name, layers, scope);
    texts.set(name, text);
    return text;
  };
}

function lookUp(name: string, layers: readonly Env[], scope: Omit<Scope, 'env'>): string | null {
  for (let index = layers.length - 1; index >= 0; index -= 1) {
    const layer = layers[index];
    if (layer === undefined || !Object.hasOwn(layer, name)) continue;
    const value = layer[name];
    if (value?.kind !== 'text') return null;
    const outer: Scope = { ...scope, env: envLookup(layers.slice(0, index), scope) };
    if (!isFullyKnown(value.text, outer)) return null;
    const rendered = renderTemplate(value.text, outer);
    return rendered.ok ? rendered.value : null;
  }
  return null;
}

/** Whether every name of a template has its value in the scope. */
export function isFullyKnown(template: string, scope: Scope): boolean {
  if (!isTemplate(template)) return true;
  const parts = splitTemplate(template);
  if (!parts.ok) return false;
  return parts.value.every((part) => {
    if (part.kind === 'text') return true;
    const compiled = compileExpression(part.text);
    return compiled.ok && compiled.value.references.every((reference) => isKnown(reference, scope));
  });
}
