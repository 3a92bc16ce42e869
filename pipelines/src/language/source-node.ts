// YAML with its positions, free of aliases, merges and tags: what the readers of the language work on.
import type { Span } from './source-file.ts';

export type SourceNode = ScalarNode | ListNode | MapNode;

interface NodeBase extends Span {
  /** Nodes in this one, itself counted; what an alias points to counts again at each use. */
  readonly size: number;
}

export interface ScalarNode extends NodeBase {
  readonly kind: 'scalar';
  readonly value: string | number | boolean | null;
  /** As written, where the value is not text: `1.10`. */
  readonly written: string;
}

export interface ListNode extends NodeBase {
  readonly kind: 'list';
  readonly items: readonly SourceNode[];
}

export interface MapNode extends NodeBase {
  readonly kind: 'map';
  readonly entries: readonly MapEntry[];
}

export interface MapEntry {
  readonly key: string;
  readonly keySpan: Span;
  readonly value: SourceNode;
}

/** What a node is, for messages. */
export function describeNode(node: SourceNode): string {
  switch (node.kind) {
    case 'list':
      return 'a list';
    case 'map':
      return 'a map';
    case 'scalar':
      if (node.value === null) return 'nothing';
      return typeof node.value === 'string'
        ? JSON.stringify(shorten(node.value))
        : `the ${typeof node.value} ${node.written}`;
  }
}

const shorten = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}…` : text);
