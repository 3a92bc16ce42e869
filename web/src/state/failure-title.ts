import { unreachable } from '@sluice/pipelines/result';
import type { PlannedStage } from '@sluice/pipelines/plan/plan';
import type { StageState } from '@sluice/pipelines/run/run-state';
import type { Messages } from '../messages/en.ts';
import type { StateName } from './state-name.ts';

export type FailureTitle = keyof Messages['stage']['failureTitles'];

/** What kind of thing went wrong, in the words of the stage's own work: only a step can have "a command". */
export function failureTitle(
  work: PlannedStage['work'],
  state: Extract<StageState, { readonly status: 'failed' }>,
  shown: StateName,
): FailureTitle {
  const { failure, startedAt, finishedAt } = state;
  if (failure.class !== 'failed') return failure.class;
  switch (work.kind) {
    case 'steps':
      return failure.exitCode === null ? 'not-run' : 'command';
    case 'approve':
      return finishedAt - startedAt >= work.approval.withinMs ? 'approval-expired' : 'approval-rejected';
    case 'deploy':
      return shown === 'rolled-back' ? 'rolled-back' : 'deploy';
    case 'build':
    case 'scan':
    case 'push':
    case 'matrix':
    case 'use':
      return work.kind;
    default:
      return unreachable(work);
  }
}
