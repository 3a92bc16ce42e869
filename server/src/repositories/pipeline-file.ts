import { err, ok, type Result } from '@sluice/pipelines/result';
import type { SimpleGit } from 'simple-git';
import type { RepositoryProblem } from './repository-problem.ts';

export const pipelinePath = '.sluice.yml';
const limitBytes = 1_048_576;

export interface PipelineFile {
  readonly path: string;
  readonly text: string;
}

/** The pipeline file in the tree of `commit`, which the mirror has; null: there is none. Links are not followed. */
export async function readBlobAt(
  git: SimpleGit,
  commit: string,
): Promise<Result<PipelineFile | null, RepositoryProblem>> {
  const listed = await git.raw(['ls-tree', '-l', commit, '--', pipelinePath]);
  if (listed.trim() === '') return ok(null);
  // <mode> <type> <object> <size>\t<path>
  const entry = /^(\d{6}) (\w+) ([0-9a-f]+) +(\d+|-)\t/.exec(listed);
  const [, mode, type, object, size] = entry ?? [];
  if (object === undefined || type !== 'blob' || (mode !== '100644' && mode !== '100755')) {
    return unusable(
      `${pipelinePath} is a ${mode === '120000' ? 'symbolic link' : 'folder'}; make it a plain file.`,
    );
  }
  if (Number(size) > limitBytes) {
    return unusable(`${pipelinePath} has ${size} bytes; at most ${limitBytes} (1 MiB) are read.`);
  }
  return ok({ path: pipelinePath, text: await git.raw(['cat-file', 'blob', object]) });
}

const unusable = (message: string): Result<never, RepositoryProblem> =>
  err({ reason: 'pipeline-file-unusable', message, isTemporary: false });
