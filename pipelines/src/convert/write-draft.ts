import { Document, Pair, Scalar, YAMLMap, YAMLSeq, type Node } from 'yaml';
import { type DraftEntry, type DraftItem, type DraftList, type DraftMap, type DraftValue } from './draft.ts';

/** A draft as the text of a pipeline file, comments above what they are about. */
export function writeDraft(draft: DraftMap, heading: readonly string[]): string {
  const document = new Document(null, { version: '1.2' });
  document.contents = mapNode(draft, 0) as typeof document.contents;
  document.commentBefore = commentText(heading);
  return document.toString({ lineWidth: 0, singleQuote: true });
}

const widest = 70;

function nodeOf(value: DraftValue, depth: number): Node {
  if (typeof value === 'object') return value.kind === 'map' ? mapNode(value, depth) : listNode(value, depth);
  const scalar = new Scalar(value);
  if (typeof value === 'string' && value.includes('\n') && isPlainBlock(value)) scalar.type = 'BLOCK_LITERAL';
  return scalar;
}

/** Lines that a block can hold as they are. */
const isPlainBlock = (text: string): boolean =>
  !/[^\n\P{Cc}]|\p{Cs}|\uFEFF|[\u2028\u2029]/u.test(text) && text.trim() !== '';

function mapNode(map: DraftMap, depth: number): YAMLMap {
  const node = new WideMap();
  for (const [index, entry] of map.entries.entries()) node.items.push(pairOf(entry, depth, index));
  node.flow = isShort(map) && depth > 1;
  return node;
}

function pairOf(entry: DraftEntry, depth: number, index: number): Pair {
  const key = new Scalar(entry.key);
  if (entry.comments.length > 0) key.commentBefore = commentText(entry.comments);
  key.spaceBefore = index > 0 && (depth === 0 || isStage(entry, depth));
  const value = nodeOf(entry.value, depth + 1);
  // Commands stand one below the other, like in any script.
  if (entry.key === 'steps' && value instanceof YAMLSeq) value.flow = false;
  return new Pair(key, value);
}

const isStage = (entry: DraftEntry, depth: number): boolean =>
  depth === 1 && typeof entry.value === 'object' && entry.value.kind === 'map' && !isShort(entry.value);

function listNode(list: DraftList, depth: number): YAMLSeq {
  const node = new NarrowList();
  for (const item of list.items) {
    const value = nodeOf(item.value, depth + 1);
    if (item.comments.length > 0) value.commentBefore = commentText(item.comments);
    node.items.push(value);
  }
  node.flow =
    isShort(list) &&
    depth > 0 &&
    list.items.every((item) => typeof item.value !== 'string' || !item.value.includes(' '));
  return node;
}

/** Fits on one line: a few words without comments. */
function isShort(value: DraftMap | DraftList): boolean {
  const parts = partsOf(value);
  if (parts.some((part) => part.key === 'steps')) return false;
  return parts.length <= 6 && parts.every((part) => part.comments.length === 0) && widthOf(value) <= widest;
}

const partsOf = (value: DraftMap | DraftList): readonly (DraftItem & { readonly key: string })[] =>
  value.kind === 'map' ? value.entries : value.items.map((item) => ({ ...item, key: '' }));

function widthOf(value: DraftValue): number {
  if (typeof value === 'string') return /[\n#{}[\],]/.test(value) ? widest + 1 : value.length;
  if (typeof value !== 'object') return String(value).length;
  return partsOf(value).reduce((sum, { key, value: inner }) => sum + key.length + 3 + widthOf(inner), 2);
}

type WriteArguments = Parameters<YAMLMap['toString']>;

/** `{ a: b }` */
class WideMap extends YAMLMap {
  override toString(...[context, ...rest]: WriteArguments): string {
    return super.toString(context && { ...context, flowCollectionPadding: ' ' }, ...rest);
  }
}

/** `[a, b]` */
class NarrowList extends YAMLSeq {
  override toString(...[context, ...rest]: WriteArguments): string {
    return super.toString(context && { ...context, flowCollectionPadding: '' }, ...rest);
  }
}

/** Text of a stranger stays inside the comment: one line each, nothing that steers a terminal. */
function commentText(lines: readonly string[]): string {
  return lines
    .map((line) => ` ${line.replace(/[\p{Cc}\p{Cs}\u2028\u2029\uFEFF]/gu, ' ').slice(0, 300)}`)
    .join('\n');
}
