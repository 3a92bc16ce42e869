// `sluice rerun`: says what will run and what is kept, then starts it.
import pc from 'picocolors';
import type { Rerun, RerunPreview, RunView } from '@sluice/pipelines/protocol/api';
import { ApiError, type ApiClient } from '../api-client.ts';
import { findRun } from './find-run.ts';

export interface RerunOptions {
  readonly failed: boolean;
  readonly from?: string;
  readonly current: boolean;
  /** Failed stages are kept for `sluice shell`. */
  readonly debug: boolean;
  /** Only say what would happen. */
  readonly dryRun: boolean;
}

export async function rerunRun(
  api: ApiClient,
  name: string,
  options: RerunOptions,
  write: (text: string) => void,
): Promise<void> {
  const run = await findRun(api, name);
  const wanted = wantedOf(options);
  const preview = await api.call<RerunPreview>('POST', `/api/runs/${run.id}/rerun/preview`, wanted);
  write(explain(run, preview));
  if (options.dryRun) return;
  const started = await api.call<{ runId: string; number: number }>(
    'POST',
    `/api/runs/${run.id}/rerun`,
    wanted,
  );
  write(`started run #${started.number} ${pc.dim(started.runId)}`);
}

function wantedOf({ failed, from, current, debug }: RerunOptions): Rerun {
  if (failed && from !== undefined) {
    throw new ApiError('--failed and --from exclude each other: name one', 'ambiguous', null);
  }
  return {
    what: from !== undefined ? { from } : failed ? 'failed' : 'all',
    plan: current ? 'current' : 'original',
    debug,
  };
}

function explain(run: RunView, { stages }: RerunPreview): string {
  const width = Math.max(...stages.map(({ stage }) => stage.length));
  const lines = stages.map(({ stage, kept, reason }) =>
    kept
      ? pc.dim(`  kept  ${stage.padEnd(width)}  ${reason} in run #${run.number}`)
      : `  run   ${stage.padEnd(width)}  ${pc.dim(reason)}`,
  );
  return lines.join('\n');
}
