// Which keys a system has, and what becomes of each. The page docs/convert.md is this table.
import { didYouMean } from '../language/suggest.ts';
import type { MapEntry, SourceNode } from '../language/source-node.ts';
import { changed, leftOut, spanOfEntry, type Conversion } from './conversion.ts';

export type KeyRule =
  /** Notes are added where a value of it cannot be carried over. */
  | { readonly fate: 'carried'; readonly becomes: string }
  | { readonly fate: 'changed'; readonly becomes: string; readonly why: string; readonly whatToDo: string }
  | { readonly fate: 'left-out'; readonly why: string; readonly whatToDo: string };

/** Group (`job`, `step`, `when`) → key → rule. */
export type KeyTable = Readonly<Record<string, Readonly<Record<string, KeyRule>>>>;

export const carried = (becomes: string): KeyRule => ({ fate: 'carried', becomes });
export const changes = (becomes: string, why: string, whatToDo = ''): KeyRule => ({
  fate: 'changed',
  becomes,
  why,
  whatToDo,
});
export const without = (why: string, whatToDo = ''): KeyRule => ({ fate: 'left-out', why, whatToDo });

/** The entries that a converter reads on; the others have their notes. */
export type Taken = ReadonlyMap<string, MapEntry>;

export function takeKeys(conversion: Conversion, node: SourceNode | undefined, group: string): Taken {
  const taken = new Map<string, MapEntry>();
  if (node?.kind !== 'map') return taken;
  for (const entry of node.entries) {
    if (takeKey(conversion, entry, group)) taken.set(entry.key, entry);
  }
  return taken;
}

/** Whether the converter has something to do with the key. */
export function takeKey(conversion: Conversion, entry: MapEntry, group: string): boolean {
  const rules = conversion.keys[group] ?? {};
  const rule = Object.hasOwn(rules, entry.key) ? rules[entry.key] : undefined;
  const span = spanOfEntry(entry);
  conversion.met.set(span.start, { ...span, name: `${group}.${rule === undefined ? '?' : entry.key}` });
  if (rule === undefined) {
    const why = `this key is not known here.${didYouMean(entry.key, Object.keys(rules))}`;
    leftOut(conversion, entry.keySpan, { what: shortKey(entry.key), why });
    return false;
  }
  const what = `${entry.key}`;
  if (rule.fate === 'changed')
    changed(conversion, entry.keySpan, { what, why: rule.why, whatToDo: rule.whatToDo });
  if (rule.fate === 'left-out')
    leftOut(conversion, entry.keySpan, { what, why: rule.why, whatToDo: rule.whatToDo });
  return rule.fate !== 'left-out';
}

export const shortKey = (key: string): string => (key.length > 40 ? `${key.slice(0, 40)}…` : key);
