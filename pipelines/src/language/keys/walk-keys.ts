import type { Key, MapShape, Shape } from './key.ts';

/** A map of the language and the way to it from the top of a file. */
export interface PlacedMap {
  readonly shape: MapShape;
  readonly path: readonly PathPart[];
}

/** Into the value of a key, of a name that the author chooses, or into an item of a list. */
export type PathPart =
  | { readonly kind: 'key'; readonly name: string; readonly key: Key; readonly within: MapShape }
  | { readonly kind: 'name'; readonly within: MapShape }
  | { readonly kind: 'item' };

/** Every map that can stand in a file, the first way to it each, the outer ones first. */
export function placedMaps(root: MapShape): readonly PlacedMap[] {
  const found: PlacedMap[] = [];
  const seen = new Set<MapShape>();
  const visit = (shape: Shape, path: readonly PathPart[]): void => {
    if (shape.kind === 'list') visit(shape.of, [...path, { kind: 'item' }]);
    if (shape.kind === 'one-of') for (const each of shape.shapes) visit(each, path);
    if (shape.kind !== 'map' || seen.has(shape)) return;
    seen.add(shape);
    found.push({ shape, path });
    for (const [name, key] of Object.entries(shape.keys))
      visit(key.shape, [...path, { kind: 'key', name, key, within: shape }]);
    if (shape.others !== null) visit(shape.others.shape, [...path, { kind: 'name', within: shape }]);
  };
  visit(root, []);
  return found;
}
