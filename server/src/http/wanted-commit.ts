import type { StartRun } from '@sluice/pipelines/protocol/api';
import type { Commit } from '@sluice/pipelines/trigger/trigger';
import type { ServerContext } from '../context.ts';
import type { Mirrors } from '../repositories/mirrors.ts';
import { findRepositoryByName, type Repository } from '../store/repository-store.ts';
import { ProblemError } from './problem.ts';

/** The repository and the commit that a person means. Throws a 404 or 422 that says what there is not. */
export async function wantedCommit(
  context: ServerContext,
  mirrors: Mirrors,
  wanted: Pick<StartRun, 'repository' | 'branch' | 'commit'>,
): Promise<{ readonly repository: Repository; readonly commit: Commit }> {
  const repository = await findRepositoryByName(context, wanted.repository);
  if (repository === null) {
    throw new ProblemError(
      404,
      'no-such-repository',
      `There is no repository "${wanted.repository}" here; add it first.`,
    );
  }
  const commit =
    wanted.commit === undefined
      ? await mirrors.resolveBranch(repository, wanted.branch)
      : await mirrors.resolveCommit(repository, wanted.branch, wanted.commit);
  if (!commit.ok) throw new ProblemError(422, commit.error.reason, commit.error.message);
  return { repository, commit: commit.value };
}
