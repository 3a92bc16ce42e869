// The keys of a map, each counted and, where the table says so, noted.
import { didYouMean } from '../language/suggest.ts';
import type { MapEntry, SourceNode } from '../language/source-node.ts';
import { changed, leftOut, spanOfEntry, type Conversion } from './conversion.ts';

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
  const name = `${group}.${rule === undefined ? '?' : entry.key}`;
  const isLeft = rule === undefined || rule.fate === 'left-out';
  // An anchor or a template brings it into many jobs: it was told in the first.
  if (isLeft && conversion.met.get(entry.keySpan.start)?.name === name) return false;
  conversion.met.set(entry.keySpan.start, { ...spanOfEntry(entry), name });
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
