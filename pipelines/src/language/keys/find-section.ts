import type { MapNode, SourceNode } from '../source-node.ts';
import type { Span } from '../source-file.ts';
import type { Key, MapShape, Shape } from './key.ts';

/** The section of docs/language.md about what stands at a place of a file; null: none is nearer than the whole. */
export function findSection(root: SourceNode, shape: MapShape, place: Span): string | null {
  let [node, shapes]: [SourceNode, readonly Shape[]] = [root, [shape]];
  let section: string | null = null;
  for (;;) {
    const inner = innerOf(node, shapes, place);
    if (inner === null) return section;
    section = inner.key?.section ?? section;
    [node, shapes] = [inner.node, inner.shapes];
  }
}

interface Inner {
  readonly node: SourceNode;
  readonly shapes: readonly Shape[];
  readonly key: Key | null;
}

function innerOf(node: SourceNode, shapes: readonly Shape[], place: Span): Inner | null {
  if (node.kind === 'list') {
    const item = node.items.find((each) => covers(each, place));
    const of = shapes.flatMap((shape) => (shape.kind === 'list' ? alternatives(shape.of) : []));
    return item === undefined ? null : { node: item, shapes: [...of, ...shapes], key: null };
  }
  return node.kind === 'map' ? innerOfMap(node, shapes, place) : null;
}

function innerOfMap(node: MapNode, shapes: readonly Shape[], place: Span): Inner | null {
  const entry = node.entries.find((each) =>
    covers({ start: each.keySpan.start, end: each.value.end }, place),
  );
  if (entry === undefined) return null;
  const maps = shapes.filter((shape): shape is MapShape => shape.kind === 'map');
  const key = maps.map((map) => (Object.hasOwn(map.keys, entry.key) ? map.keys[entry.key] : undefined));
  const found = key.find((each) => each !== undefined) ?? null;
  if (found !== null) return { node: entry.value, shapes: alternatives(found.shape), key: found };
  const others = maps.flatMap(({ others: each }) => (each === null ? [] : alternatives(each.shape)));
  return others.length === 0 ? null : { node: entry.value, shapes: others, key: null };
}

const covers = (outer: Span, inner: Span): boolean =>
  outer.start <= inner.start && inner.start < Math.max(outer.end, outer.start + 1);

const alternatives = (shape: Shape): readonly Shape[] =>
  shape.kind === 'one-of' ? shape.shapes.flatMap(alternatives) : [shape];
