// Finds many byte strings in a stream at once (Aho–Corasick). Works on bytes, not on characters: a matcher that
// respects characters misses a secret that is followed by a combining mark or cut by a chunk border.

/** A place in the automaton; 0 is the start. */
export type MatchState = number;

export interface ByteMatcher {
  readonly next: (state: MatchState, byte: number) => MatchState;
  /** Length of the longest end of what was read that may still grow into a pattern. */
  readonly depth: (state: MatchState) => number;
  /** Length of the longest pattern that ends here; 0: none does. */
  readonly matched: (state: MatchState) => number;
}

/** Memory is a few numbers a pattern byte; time is linear in the bytes read, whatever the patterns are. */
export function compileMatcher(patterns: readonly Uint8Array[]): ByteMatcher {
  const trie = buildTrie(patterns);
  const start = linkFailures(trie);
  const { child, sibling, byteOf, depth, longest, failure } = freeze(trie);

  const step = (from: MatchState, byte: number): MatchState => {
    for (let state = from; state !== 0; state = failure[state] ?? 0) {
      for (let node = child[state] ?? 0; node !== 0; node = sibling[node] ?? 0) {
        if (byteOf[node] === byte) return node;
      }
    }
    return start[byte] ?? 0;
  };
  return {
    next: step,
    depth: (state) => depth[state] ?? 0,
    matched: (state) => longest[state] ?? 0,
  };
}

/** Node 0 is the root; children of a node are a linked list: most nodes of long patterns have exactly one. */
interface Trie {
  readonly child: number[];
  readonly sibling: number[];
  readonly byteOf: number[];
  readonly depth: number[];
  readonly longest: number[];
  readonly failure: number[];
}

function buildTrie(patterns: readonly Uint8Array[]): Trie {
  const trie: Trie = { child: [0], sibling: [0], byteOf: [0], depth: [0], longest: [0], failure: [0] };
  for (const pattern of patterns) {
    let node = 0;
    for (const byte of pattern) node = findChild(trie, node, byte) || addChild(trie, node, byte);
    trie.longest[node] = pattern.length;
  }
  return trie;
}

function findChild(trie: Trie, parent: number, byte: number): number {
  let node = trie.child[parent] ?? 0;
  while (node !== 0 && trie.byteOf[node] !== byte) node = trie.sibling[node] ?? 0;
  return node;
}

function addChild(trie: Trie, parent: number, byte: number): number {
  const node = trie.child.length;
  trie.child.push(0);
  trie.sibling.push(trie.child[parent] ?? 0);
  trie.byteOf.push(byte);
  trie.depth.push((trie.depth[parent] ?? 0) + 1);
  trie.longest.push(0);
  trie.failure.push(0);
  trie.child[parent] = node;
  return node;
}

/** Sets, level by level, where to go on when no child fits; returns the root's children by byte. */
function linkFailures(trie: Trie): Int32Array {
  const start = new Int32Array(256);
  const queue: number[] = [];
  for (let node = trie.child[0] ?? 0; node !== 0; node = trie.sibling[node] ?? 0) {
    start[trie.byteOf[node] ?? 0] = node;
    queue.push(node);
  }
  for (let head = 0; head < queue.length; head += 1) {
    const parent = queue[head] ?? 0;
    for (let node = trie.child[parent] ?? 0; node !== 0; node = trie.sibling[node] ?? 0) {
      const byte = trie.byteOf[node] ?? 0;
      let state = trie.failure[parent] ?? 0;
      while (state !== 0 && findChild(trie, state, byte) === 0) state = trie.failure[state] ?? 0;
      const failure = state === 0 ? (start[byte] ?? 0) : findChild(trie, state, byte);
      trie.failure[node] = failure;
      trie.longest[node] = Math.max(trie.longest[node] ?? 0, trie.longest[failure] ?? 0);
      queue.push(node);
    }
  }
  return start;
}

function freeze(trie: Trie): Record<keyof Trie, Int32Array> {
  return {
    child: Int32Array.from(trie.child),
    sibling: Int32Array.from(trie.sibling),
    byteOf: Int32Array.from(trie.byteOf),
    depth: Int32Array.from(trie.depth),
    longest: Int32Array.from(trie.longest),
    failure: Int32Array.from(trie.failure),
  };
}
