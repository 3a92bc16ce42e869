import type { ChartSpec } from '@sluice/pipelines/language/definition';

type Leaf = string | number | boolean;
type Tree = Map<string, Leaf | Tree>;

/** `{ 'image.tag': 'v1' }` as a file of values says it. Of a value and one within it, the later one counts. */
export function nestedValues(set: ChartSpec['set']): Readonly<Record<string, unknown>> {
  const root: Tree = new Map();
  for (const [name, value] of Object.entries(set)) {
    const path = name.split('.');
    const last = path.pop() ?? '';
    path.reduce(within, root).set(last, value);
  }
  return asObject(root);
}

function within(tree: Tree, name: string): Tree {
  const found = tree.get(name);
  if (found instanceof Map) return found;
  const fresh: Tree = new Map();
  tree.set(name, fresh);
  return fresh;
}

/** Names such as `__proto__` are names like others here. */
const asObject = (tree: Tree): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    [...tree].map(([name, value]) => [name, value instanceof Map ? asObject(value) : value]),
  );
