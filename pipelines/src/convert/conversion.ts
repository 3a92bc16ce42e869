// What the converters share: the source, the notes so far, and every key that was met.
import { diagnosticAt, type SourceFile, type Span } from '../language/source-file.ts';
import type { MapEntry, SourceNode } from '../language/source-node.ts';
import type { KeyTable } from './key-table.ts';
import type { Note } from './note.ts';

export interface Conversion {
  readonly source: SourceFile;
  readonly keys: KeyTable;
  readonly notes: PlacedNote[];
  /** What was said, with its place. */
  readonly said: Set<string>;
  /** By the offset of the key: a template that ten jobs extend is counted once. */
  readonly met: Map<number, MetKey>;
}

export interface PlacedNote {
  readonly note: Note;
  readonly span: Span;
}

export interface MetKey extends Span {
  /** `job.script`: the group of the table, and the key. */
  readonly name: string;
}

/** Further notes are not told: the file is of another kind then. */
const mostNotes = 1_000;

export const startConversion = (source: SourceFile, keys: KeyTable): Conversion => ({
  source,
  keys,
  notes: [],
  said: new Set(),
  met: new Map(),
});

type Words = Pick<Note, 'what' | 'why'> & { readonly whatToDo?: string };

export const changed = (conversion: Conversion, span: Span, words: Words): void =>
  addNote(conversion, span, 'carried-over-changed', words);

export const leftOut = (conversion: Conversion, span: Span, words: Words): void =>
  addNote(conversion, span, 'not-carried-over', words);

/** The same words at the same place are said once. */
function addNote(conversion: Conversion, span: Span, severity: Note['severity'], words: Words): void {
  const saying = JSON.stringify([span.start, words.what, words.why]);
  if (conversion.said.has(saying) || conversion.notes.length >= mostNotes) return;
  conversion.said.add(saying);
  const at = diagnosticAt(conversion.source, span, { severity: 'warning', code: severity, message: '' });
  const { line, column, length, sourceLine } = at;
  const { what, why, whatToDo = '' } = words;
  conversion.notes.push({ span, note: { severity, what, why, whatToDo, line, column, length, sourceLine } });
}

export interface KeyCounts {
  readonly total: number;
  readonly carried: number;
  readonly changed: number;
  readonly leftOut: number;
}

export type KeyFate = 'carried' | 'changed' | 'left-out';

/** Every key that was met, with the worst that is said about it or inside it where no other key is. */
export function fatesOfKeys({
  notes,
  met,
}: Conversion): readonly { readonly name: string; readonly fate: KeyFate }[] {
  const keys = [...met.values()].toSorted((a, b) => a.start - b.start || b.end - a.end);
  const fates = new Map<MetKey, KeyFate>(keys.map((key) => [key, 'carried']));
  // Keys stand inside each other or apart: those that are open at a place are a stack, the innermost on top.
  const open: MetKey[] = [];
  let next = 0;
  for (const { span, note } of notes.toSorted((a, b) => a.span.start - b.span.start)) {
    for (let key = keys[next]; key !== undefined && key.start <= span.start; key = keys[next]) {
      while ((open.at(-1)?.end ?? Infinity) <= key.start) open.pop();
      open.push(key);
      next += 1;
    }
    while ((open.at(-1)?.end ?? Infinity) <= span.start) open.pop();
    const innermost = open.at(-1);
    if (innermost === undefined || fates.get(innermost) === 'left-out') continue;
    fates.set(innermost, note.severity === 'carried-over-changed' ? 'changed' : 'left-out');
  }
  return keys.map((key) => ({ name: key.name, fate: fates.get(key) ?? 'carried' }));
}

export function countKeys(conversion: Conversion): KeyCounts {
  const fates = fatesOfKeys(conversion).map((each) => each.fate);
  const count = (fate: KeyFate): number => fates.filter((each) => each === fate).length;
  return {
    total: fates.length,
    carried: count('carried'),
    changed: count('changed'),
    leftOut: count('left-out'),
  };
}

export const spanOfEntry = ({ keySpan, value }: MapEntry): Span => ({
  start: keySpan.start,
  end: Math.max(keySpan.end, value.end),
});

/** Text as written, also of numbers and booleans; null for lists, maps and nothing. */
export function textOf(node: SourceNode | undefined): string | null {
  if (node?.kind !== 'scalar' || node.value === null) return null;
  return typeof node.value === 'string' ? node.value : node.written;
}

/** One text stands for a list of one. */
export function itemsOf(node: SourceNode | undefined): readonly SourceNode[] {
  if (node === undefined || (node.kind === 'scalar' && node.value === null)) return [];
  return node.kind === 'list' ? node.items : [node];
}

export const textsOf = (node: SourceNode | undefined): readonly string[] =>
  itemsOf(node).flatMap((item) => textOf(item) ?? []);

/** Of a key that stands twice, the last. */
export const entriesOf = (node: SourceNode | undefined): readonly MapEntry[] =>
  node?.kind === 'map' ? [...new Map(node.entries.map((entry) => [entry.key, entry])).values()] : [];

export const entryOf = (node: SourceNode | undefined, key: string): MapEntry | undefined =>
  entriesOf(node).find((entry) => entry.key === key);

export const isTrue = (node: SourceNode | undefined): boolean =>
  node?.kind === 'scalar' && node.value === true;
