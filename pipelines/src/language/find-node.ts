import type { MapEntry, SourceNode } from './source-node.ts';

/** What stands behind keys, from the outermost on; undefined where there is nothing. */
export function nodeAt(node: SourceNode | undefined, ...keys: readonly string[]): SourceNode | undefined {
  return keys.reduce((within, key) => entryAt(within, key)?.value, node);
}

export const entryAt = (node: SourceNode | undefined, key: string): MapEntry | undefined =>
  node?.kind === 'map' ? node.entries.find((entry) => entry.key === key) : undefined;

export const entriesOf = (node: SourceNode | undefined): readonly MapEntry[] =>
  node?.kind === 'map' ? node.entries : [];
