import { unreachable } from '@sluice/pipelines/result';
import type { PreparedRun } from '../webhooks/prepare-run.ts';
import { ProblemError } from './problem.ts';

/** Throws a 422 with the reasons when there is nothing to start. */
export function plannedOrRefused(prepared: PreparedRun): Extract<PreparedRun, { kind: 'planned' }> {
  switch (prepared.kind) {
    case 'planned':
      return prepared;
    case 'broken': {
      const { pipeline, diagnostics } = prepared;
      throw new ProblemError(422, 'pipeline-broken', `${pipeline} has errors; nothing was started.`, {
        diagnostics,
      });
    }
    case 'filtered': {
      const { reasons } = prepared;
      throw new ProblemError(422, 'not-started', reasons.join(' '), { reasons });
    }
    case 'no-file':
      throw new ProblemError(422, 'no-pipeline-file', prepared.reason);
    case 'unreadable':
      throw new ProblemError(422, prepared.problem.reason, prepared.problem.message);
    default:
      return unreachable(prepared);
  }
}
