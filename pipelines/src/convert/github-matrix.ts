// `strategy: matrix` → ours, without what does not run on Linux.
import type { MapEntry, SourceNode } from '../language/source-node.ts';
import { changed, entriesOf, itemsOf, leftOut, textOf, type Conversion } from './conversion.ts';
import { draftList, draftMap, draftOf, put, type DraftMap } from './draft.ts';
import { variableOf } from './names.ts';

export interface GithubMatrix {
  readonly draft: DraftMap | undefined;
  /** Name → the one value that is left, or null where there are several. */
  readonly values: ReadonlyMap<string, string | null>;
}

/** The machines of a matrix, which are not chosen here. */
export const isForeignMachine = (label: string): boolean => /^(macos|windows|mac|win)/i.test(label);
const isMachine = (label: string): boolean => isForeignMachine(label) || /^(ubuntu|linux)/i.test(label);

export function githubMatrix(
  conversion: Conversion,
  entry: MapEntry | undefined,
  versionNames: ReadonlySet<string>,
): GithubMatrix {
  const values = new Map<string, string | null>();
  if (entry === undefined) return { draft: undefined, values };
  if (entry.value.kind !== 'map') {
    leftOut(conversion, entry.value, {
      what: 'matrix',
      why: 'its lists are computed in another way than ours.',
      whatToDo: 'Give a list by an output: ${{ stages.NAME.outputs.LIST }}.',
    });
    return { draft: undefined, values };
  }
  const draft = draftMap();
  for (const { key, value } of entriesOf(entry.value)) {
    if (key === 'include' || key === 'exclude') continue;
    const list = valuesOf(conversion, key, value, versionNames);
    if (list.length === 0) continue;
    const machines = list.every(isMachine);
    values.set(key, machines && list.length === 1 ? (list[0] ?? null) : null);
    if (!machines || list.length > 1) put(draft, variableOf(key), draftList(list), value);
  }
  for (const kind of ['include', 'exclude'] as const)
    addCombinations(conversion, draft, values, kind, entry.value, versionNames);
  return { draft: draft.entries.length === 0 ? undefined : draft, values };
}

function valuesOf(
  conversion: Conversion,
  key: string,
  node: SourceNode,
  versionNames: ReadonlySet<string>,
): readonly string[] {
  if (node.kind !== 'list') {
    leftOut(conversion, node, {
      what: `matrix: ${key.slice(0, 40)}`,
      why: 'its values are not written out.',
      whatToDo: 'Write the list, or take one from an output of a stage before.',
    });
    return [];
  }
  const found = node.items.flatMap((item) => {
    const text = cellOf(item, versionNames.has(key));
    if (text === null) {
      leftOut(conversion, item, {
        what: `matrix: ${key.slice(0, 40)}`,
        why: 'a value of a matrix is text, a number, true or false.',
      });
      return [];
    }
    if (!isForeignMachine(text)) return [text];
    leftOut(conversion, item, { what: text.slice(0, 40), why: 'steps run in containers of Linux.' });
    return [];
  });
  return [...new Set(found)];
}

const cellOf = (node: SourceNode, isVersion: boolean): string | null => {
  const text = textOf(node) ?? (node.kind === 'scalar' ? '' : null);
  if (text === null || text.includes('${{')) return null;
  return isVersion ? text.replace(/(\.[xX*])+$/, '') : text;
};

function addCombinations(
  conversion: Conversion,
  draft: DraftMap,
  values: Map<string, string | null>,
  kind: 'include' | 'exclude',
  matrix: SourceNode,
  versionNames: ReadonlySet<string>,
): void {
  const entry = entriesOf(matrix).find((each) => each.key === kind);
  const drafts = itemsOf(entry?.value).flatMap((item) => {
    const cells = entriesOf(item).flatMap(({ key, value }): readonly [string, string][] => {
      const text = cellOf(value, versionNames.has(key));
      if (text === null)
        leftOut(conversion, value, {
          what: `matrix: ${kind}: ${key.slice(0, 40)}`,
          why: 'a value of a matrix is fixed text, a number, true or false.',
        });
      return text === null ? [] : [[key, text]];
    });
    if (cells.some(([, text]) => isForeignMachine(text))) {
      leftOut(conversion, item, { what: `matrix: ${kind}`, why: 'steps run in containers of Linux.' });
      return [];
    }
    const kept = cells.filter(([key]) => typeof values.get(key) !== 'string');
    if (kind === 'include') for (const [key] of kept) values.set(key, null);
    return kept.length === 0
      ? []
      : [draftOf(Object.fromEntries(kept.map(([key, text]) => [variableOf(key), text])), item)];
  });
  if (drafts.length > 0) put(draft, kind, draftList(drafts), entry?.value ?? null);
  const dropped = itemsOf(entry?.value).length > 0 && drafts.length === 0 && draft.entries.length === 0;
  if (dropped && entry !== undefined)
    changed(conversion, entry.keySpan, { what: kind, why: 'nothing of it is left, so the stage runs once.' });
}
