import { err, ok, type Result } from '@sluice/pipelines/result';
import type { GitObject, ObjectReader } from './object-reader.ts';
import type { RepositoryProblem } from './repository-problem.ts';

export const pipelinePath = '.sluice.yml';
const limitBytes = 1_048_576;
/** Of the list of names at the top of a repository, and of what a reader gives out at all. */
export const objectLimitBytes = 16 * limitBytes;

export interface PipelineFile {
  readonly path: string;
  readonly text: string;
}

export type FoundFile =
  | { readonly kind: 'found'; readonly result: Result<PipelineFile | null, RepositoryProblem> }
  /** The mirror has no such commit, or not all of it. */
  | { readonly kind: 'no-commit' };

/** The pipeline file in the tree of `commit`; null: there is none. Links are not followed. */
export async function readPipelineFileAt(objects: ObjectReader, commit: string): Promise<FoundFile> {
  const tree = await objects.read(`${commit}^{tree}`);
  if (tree === null) return { kind: 'no-commit' };
  const entry = findEntry(tree, commit.length / 2);
  if (entry === null) return found(ok(null));
  if (entry.mode !== '100644' && entry.mode !== '100755') {
    const what = entry.mode === '120000' ? 'symbolic link' : 'folder';
    return found(unusable(`${pipelinePath} is a ${what}; make it a plain file.`));
  }
  const blob = await objects.read(entry.name);
  if (blob === null) return { kind: 'no-commit' };
  if (blob.bytes === null || blob.size > limitBytes) {
    return found(unusable(`${pipelinePath} has ${blob.size} bytes; at most ${limitBytes} (1 MiB) are read.`));
  }
  return found(ok({ path: pipelinePath, text: blob.bytes.toString('utf8') }));
}

/** A tree is a row of `<mode> <name>\0<object name in binary>`. */
function findEntry(
  tree: GitObject,
  nameBytes: number,
): { readonly mode: string; readonly name: string } | null {
  if (tree.bytes === null)
    throw new Error(`the top of the repository lists more than ${objectLimitBytes} bytes`);
  const { bytes } = tree;
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(0, at);
    if (end === -1) break;
    const [mode = '', ...words] = bytes.toString('utf8', at, end).split(' ');
    const next = end + 1 + nameBytes;
    if (words.join(' ') === pipelinePath) return { mode, name: bytes.toString('hex', end + 1, next) };
    at = next;
  }
  return null;
}

const found = (result: Result<PipelineFile | null, RepositoryProblem>): FoundFile => ({
  kind: 'found',
  result,
});

const unusable = (message: string): Result<never, RepositoryProblem> =>
  err({ reason: 'pipeline-file-unusable', message, isTemporary: false });
