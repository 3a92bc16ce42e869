// A parsed YAML document → source nodes: aliases followed, `<<` merged, duplicate keys found.
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Alias,
  type Document,
  type Node,
  type Pair,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import type { Span } from './source-file.ts';
import type { ListNode, MapEntry, MapNode, ScalarNode, SourceNode } from './source-node.ts';

export interface YamlProblem extends Span {
  readonly code: string;
  readonly message: string;
}

/**
 * Nodes that aliases and `<<` may add to those that are written: a thousand stages with fifty keys from one anchor.
 * Without a limit, a hundred bytes could stand for more than anyone can read.
 */
const maxRepeated = 50_000;

/** `offset`: where the text begins in what is read together; every position counts from there. */
export function convertDocument(
  text: string,
  document: Document.Parsed,
  offset: number,
): { readonly root: SourceNode | null; readonly problems: readonly YamlProblem[] } {
  const conversion: Conversion = {
    text,
    offset,
    anchors: new Map(),
    problems: [],
    repeated: 0,
    tooMuch: null,
  };
  const root = document.contents === null ? null : convert(conversion, document.contents);
  if (conversion.tooMuch === null) return { root, problems: conversion.problems };
  const message = `The aliases of this file repeat too much: from here on, more than ${maxRepeated} values would stand for what is written once. Write out less, or move it into scripts.`;
  return { root: null, problems: [{ ...conversion.tooMuch, code: 'alias-bomb', message }] };
}

interface Conversion {
  readonly text: string;
  readonly offset: number;
  /** Null while the anchored node itself is being converted. */
  readonly anchors: Map<string, SourceNode | null>;
  readonly problems: YamlProblem[];
  /** Nodes behind aliases, and entries copied by `<<`, so far. */
  repeated: number;
  /** The first that is beyond `maxRepeated`. */
  tooMuch: Span | null;
}

function convert(conversion: Conversion, node: Node): SourceNode {
  if (isAlias(node)) return followAlias(conversion, node);
  const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
  if (anchor !== undefined) conversion.anchors.set(anchor, null);
  const converted = convertOwn(conversion, node);
  if (anchor !== undefined) conversion.anchors.set(anchor, converted);
  return converted;
}

function convertOwn(conversion: Conversion, node: Node): SourceNode {
  if (isMap(node)) return convertMap(conversion, node);
  if (isSeq(node)) {
    const items = node.items.map((item) => convertValue(conversion, item, spanOf(conversion, node)));
    const size = items.reduce((sum, item) => sum + item.size, 1);
    return { kind: 'list', items, size, ...spanOf(conversion, node) } satisfies ListNode;
  }
  return isScalar(node) ? convertScalar(conversion, node) : nothing(spanOf(conversion, node));
}

function convertScalar(conversion: Conversion, node: Scalar): ScalarNode {
  const span = spanOf(conversion, node);
  if (node.tag === '!') {
    const { text, offset, problems } = conversion;
    const at = offset + Math.max(0, text.lastIndexOf('!', span.start - offset));
    const message =
      'YAML takes the ! before this value away, as a tag. Put all of it in quotes, the ! included.';
    problems.push({ start: at, end: span.end, code: 'bad-yaml', message });
  }
  const { value } = node;
  const written = node.source ?? textOf(conversion, span);
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
      return { kind: 'scalar', value, written, size: 1, ...span };
    default:
      return value === null || value === undefined
        ? { kind: 'scalar', value: null, written, size: 1, ...span }
        : { kind: 'scalar', value: written, written, size: 1, ...span };
  }
}

const nothing = (span: Span): ScalarNode => ({ kind: 'scalar', value: null, written: '', size: 1, ...span });

function followAlias(conversion: Conversion, alias: Alias): SourceNode {
  const { anchors, problems } = conversion;
  const span = spanOf(conversion, alias);
  const target = anchors.get(alias.source);
  if (target !== undefined && target !== null)
    return mayRepeat(conversion, target.size, span) ? target : nothing(span);
  const message =
    target === null
      ? `*${alias.source} stands inside &${alias.source} itself, which would never end.`
      : `*${alias.source} stands for an anchor that is not above it. Write &${alias.source} before the value that is meant.`;
  problems.push({ ...span, code: 'bad-alias', message });
  return nothing(span);
}

function mayRepeat(conversion: Conversion, count: number, span: Span): boolean {
  conversion.repeated += count;
  if (conversion.repeated > maxRepeated) conversion.tooMuch ??= span;
  return conversion.tooMuch === null;
}

function convertMap(conversion: Conversion, map: YAMLMap): MapNode {
  const own: MapEntry[] = [];
  const merged: MapEntry[] = [];
  const seen = new Set<string>();
  for (const pair of map.items) {
    const { key, keySpan } = readKey(conversion, pair, spanOf(conversion, map));
    const value = convertValue(conversion, pair.value, { start: keySpan.end, end: keySpan.end });
    if (key === '<<') {
      merged.push(...mergedEntries(conversion, value));
      continue;
    }
    if (seen.has(key)) {
      const message = `The key "${key}" stands twice in this map. Remove one of them.`;
      conversion.problems.push({ ...keySpan, code: 'duplicate-key', message });
    }
    seen.add(key);
    own.push({ key, keySpan, value });
  }
  const entries = [...own];
  for (const entry of merged) {
    if (seen.has(entry.key)) continue;
    seen.add(entry.key);
    entries.push(entry);
  }
  const size = entries.reduce((sum, entry) => sum + 1 + entry.value.size, 1);
  return { kind: 'map', entries, size, ...spanOf(conversion, map) };
}

function readKey(
  conversion: Conversion,
  pair: Pair,
  around: Span,
): { readonly key: string; readonly keySpan: Span } {
  const { key } = pair;
  if (isScalar(key)) {
    const span = spanOf(conversion, key);
    const text = typeof key.value === 'string' ? key.value : textOf(conversion, span);
    return { key: text, keySpan: span };
  }
  const span = isNode(key) ? spanOf(conversion, key) : { start: around.start, end: around.start + 1 };
  const message =
    'A key is a plain word here. Is a value with braces not in quotes, such as "${{ branch }}"?';
  conversion.problems.push({ ...span, code: 'bad-key', message });
  return { key: textOf(conversion, span), keySpan: span };
}

function convertValue(conversion: Conversion, value: unknown, place: Span): SourceNode {
  return isNode(value) ? convert(conversion, value) : nothing(place);
}

/** `<<: *base`, or a list of such. */
function mergedEntries(conversion: Conversion, value: SourceNode): readonly MapEntry[] {
  const sources = value.kind === 'list' ? value.items : [value];
  return sources.flatMap((source) => {
    if (source.kind === 'map')
      return mayRepeat(conversion, source.entries.length, value) ? source.entries : [];
    conversion.problems.push({
      start: source.start,
      end: source.end,
      code: 'bad-alias',
      message: '<< merges maps only.',
    });
    return [];
  });
}

const isNode = (value: unknown): value is Node =>
  isAlias(value) || isScalar(value) || isMap(value) || isSeq(value);

/** From the first character to the last one that belongs to the value itself. */
function spanOf({ offset }: Conversion, node: Node): Span {
  const [start, end] = node.range ?? [0, 0];
  return { start: start + offset, end: end + offset };
}

const textOf = ({ text, offset }: Conversion, { start, end }: Span): string =>
  text.slice(start - offset, end - offset);
