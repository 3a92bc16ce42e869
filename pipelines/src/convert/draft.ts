// A pipeline file before it is text: maps and lists in order, each part with the place in the source that it is from.
import type { Span } from '../language/source-file.ts';

export type DraftValue = string | number | boolean | DraftMap | DraftList;

export interface DraftMap {
  readonly kind: 'map';
  readonly entries: DraftEntry[];
}

export interface DraftList {
  readonly kind: 'list';
  readonly items: DraftItem[];
}

export interface DraftItem {
  readonly value: DraftValue;
  /** Null: nothing in the source says it. */
  readonly from: Span | null;
  /** Lines above it, without #. */
  readonly comments: string[];
}

export interface DraftEntry extends DraftItem {
  readonly key: string;
}

export const draftMap = (): DraftMap => ({ kind: 'map', entries: [] });

/** Adds a key; `undefined`, an empty list and an empty map are not written. */
export function put(
  map: DraftMap,
  key: string,
  value: DraftValue | undefined,
  from: Span | null = null,
): void {
  if (value === undefined || isEmpty(value)) return;
  map.entries.push({ key, value, from, comments: [] });
}

export const draftList = (values: readonly DraftValue[], from: Span | null = null): DraftList => ({
  kind: 'list',
  items: values.map((value) => ({ value, from, comments: [] })),
});

export function draftOf(
  record: Readonly<Record<string, DraftValue | undefined>>,
  from: Span | null = null,
): DraftMap {
  const map = draftMap();
  for (const [key, value] of Object.entries(record)) put(map, key, value, from);
  return map;
}

export function isEmpty(value: DraftValue): boolean {
  if (typeof value !== 'object') return false;
  return value.kind === 'map' ? value.entries.length === 0 : value.items.length === 0;
}

export const valueAt = (map: DraftMap, key: string): DraftValue | undefined =>
  map.entries.find((entry) => entry.key === key)?.value;
