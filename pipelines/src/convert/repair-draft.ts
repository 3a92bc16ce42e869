// What our own parser would refuse is taken out of a draft, piece by piece, until nothing is refused.
import type { Diagnostic } from '../language/diagnostic.ts';
import { parsePipeline } from '../language/parse-pipeline.ts';
import { readYaml } from '../language/read-yaml.ts';
import { sourceFile, type Span } from '../language/source-file.ts';
import type { SourceNode } from '../language/source-node.ts';
import type { DraftItem, DraftList, DraftMap } from './draft.ts';
import { writeDraft } from './write-draft.ts';

/** A piece that was taken out, and why. */
export interface Removal {
  readonly path: string;
  /** In the source of the conversion; null: nothing in it says this. */
  readonly from: Span | null;
  readonly message: string;
}

const mostRounds = 40;
/** Of all rounds together: a hostile file becomes a large draft with thousands of mistakes. */
const mostCharacters = 1_000_000;

/** Changes `draft`. False: it could not be mended, and a smaller one has to be written. */
export function repairDraft(draft: DraftMap, removed: (removal: Removal) => void): boolean {
  let characters = 0;
  for (let round = 0; round < mostRounds && characters < mostCharacters; round += 1) {
    const text = writeDraft(draft, []);
    characters += text.length;
    const errors = parsePipeline(text, '.sluice.yml').diagnostics.filter((each) => each.severity === 'error');
    if (errors.length === 0) return true;
    const { root } = readYaml(text);
    if (root === null) return false;
    const { lineStarts } = sourceFile('', text);
    const found = errors.flatMap((error) => {
      const offset = (lineStarts[error.line - 1] ?? 0) + error.column - 1;
      return findPiece(draft, root, offset, isAboutWhole(error)) ?? [];
    });
    if (found.length === 0) return false;
    for (const [index, piece] of found.entries()) {
      const at = piece.siblings.indexOf(piece.item);
      if (at === -1) continue;
      piece.siblings.splice(at, 1, ...standIn(piece.item));
      removed({ path: piece.path, from: piece.from, message: errors[index]?.message ?? '' });
    }
  }
  return false;
}

/** Without its condition a stage would run for everything: it does not run at all until somebody writes one. */
const standIn = (item: DraftItem): readonly DraftItem[] =>
  'key' in item && item.key === 'if' && item.value !== 'false' ? [{ ...item, value: 'false' }] : [];

/** Said at the first key of a map, and meant for the map. */
const isAboutWhole = ({ code }: Diagnostic): boolean => code === 'no-work';

interface Piece {
  readonly siblings: DraftItem[];
  readonly item: DraftItem;
  readonly path: string;
  readonly from: Span | null;
}

/** The smallest entry or item whose text holds the offset. */
function findPiece(draft: DraftMap, root: SourceNode, offset: number, whole: boolean): Piece | null {
  let value: DraftMap | DraftList = draft;
  let node = root;
  const path: Piece[] = [];
  for (;;) {
    const siblings: DraftItem[] = value.kind === 'map' ? value.entries : value.items;
    const spans = spansIn(node);
    const index = spans.findIndex(
      (span) => span.start <= offset && offset < Math.max(span.end, span.start + 1),
    );
    const item = siblings[index];
    const span = spans[index];
    if (item === undefined || span === undefined) break;
    const key: string = 'key' in item && typeof item.key === 'string' ? item.key : String(index);
    const above = path.at(-1);
    const from: Span | null = item.from ?? above?.from ?? null;
    path.push({ siblings, item, path: above === undefined ? key : `${above.path}.${key}`, from });
    if (typeof item.value !== 'object' || offset < span.value.start) break;
    value = item.value;
    node = span.value;
  }
  // The key itself was meant, not what is below it.
  return (whole ? path.at(-2) : undefined) ?? path.at(-1) ?? null;
}

function spansIn(node: SourceNode): readonly (Span & { readonly value: SourceNode })[] {
  switch (node.kind) {
    case 'map':
      return node.entries.map(({ keySpan, value }) => ({
        start: keySpan.start,
        end: Math.max(keySpan.end, value.end),
        value,
      }));
    case 'list':
      return node.items.map((value) => ({ start: value.start, end: value.end, value }));
    case 'scalar':
      return [];
  }
}
