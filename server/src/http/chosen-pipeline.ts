import { unreachable } from '@sluice/pipelines/result';
import type { PreparedPipeline, PreparedRuns } from '../webhooks/prepare-runs.ts';
import { ProblemError } from './problem.ts';

type Planned = Extract<PreparedPipeline, { readonly kind: 'planned' }>;

/**
 * The one pipeline that is to be started. `wanted` is its name or its file; null: there must be no other that could
 * be meant. Throws a 422 with the reasons when there is nothing to start.
 */
export function plannedOrRefused(prepared: PreparedRuns, wanted: string | null): Planned {
  switch (prepared.kind) {
    case 'read':
      return startOf(chosenOrRefused(prepared.pipelines, wanted));
    case 'no-file':
      throw new ProblemError(422, 'no-pipeline-file', prepared.reason);
    case 'unreadable':
      throw new ProblemError(422, prepared.problem.reason, prepared.problem.message);
    default:
      return unreachable(prepared);
  }
}

function chosenOrRefused(pipelines: readonly PreparedPipeline[], wanted: string | null): PreparedPipeline {
  const candidates = wanted === null ? meant(pipelines) : named(pipelines, wanted);
  const [only, second] = candidates;
  if (only !== undefined && second === undefined) return only;
  if (wanted !== null) {
    const message = `There is no pipeline "${wanted}" at this commit. It has ${namesOf(pipelines)}.`;
    throw new ProblemError(422, 'no-such-pipeline', message);
  }
  const message = `Say which pipeline is meant, by its name: ${namesOf(candidates)}.`;
  throw new ProblemError(422, 'several-pipelines', message);
}

const namesOf = (pipelines: readonly PreparedPipeline[]): string =>
  pipelines.map(({ pipeline }) => pipeline).join(', ');

const named = (pipelines: readonly PreparedPipeline[], wanted: string): readonly PreparedPipeline[] =>
  pipelines.filter(({ pipeline, file }) => pipeline === wanted || file === wanted);

/** Those that can be started by hand, where some can. */
function meant(pipelines: readonly PreparedPipeline[]): readonly PreparedPipeline[] {
  const byHand = pipelines.filter(({ manual }) => manual !== null);
  return byHand.length > 0 ? byHand : pipelines;
}

function startOf(prepared: PreparedPipeline): Planned {
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
      const { reasons, inputs } = prepared;
      if (inputs === undefined) throw new ProblemError(422, 'not-started', reasons.join(' '), { reasons });
      throw new ProblemError(422, 'inputs-refused', `Nothing was started: ${reasons.join('; ')}`, { inputs });
    }
    default:
      return unreachable(prepared);
  }
}
