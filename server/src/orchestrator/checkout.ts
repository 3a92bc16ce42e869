import type { CheckoutSpec } from '@sluice/pipelines/protocol/worker-api';
import type { Repository } from '../store/repository-store.ts';
import type { Run } from '../store/run-store.ts';

/** The run's commit, or another one of its repository, and how to get it; without a repository there is nowhere to get it from. */
export function checkoutOf(
  run: Run,
  repository: Repository | null,
  commit = run.trigger.commit.sha,
): CheckoutSpec {
  return {
    repositoryId: run.repositoryId,
    url: repository?.cloneUrl ?? '',
    commit,
    username: repository?.credentials?.username ?? null,
    password: repository?.credentials?.password ?? null,
  };
}
