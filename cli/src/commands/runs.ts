import pc from 'picocolors';
import type { RunSummary } from '@sluice/pipelines/protocol/api';
import type { ApiClient } from '../api-client.ts';
import { age, stateWord } from '../state-word.ts';

export interface RunsOptions {
  readonly json: boolean;
  readonly limit: string;
  readonly branch?: string;
  readonly status?: string;
  /** Words that must all occur. */
  readonly search?: string;
}

/** `sluice runs`: the newest runs, one line each. */
export async function listRuns(api: ApiClient, options: RunsOptions, now: number): Promise<string> {
  const query = new URLSearchParams({ limit: options.limit });
  if (options.branch !== undefined) query.set('branch', options.branch);
  if (options.status !== undefined) query.set('status', options.status);
  if (options.search !== undefined) query.set('search', options.search);
  const { runs } = await api.call<{ runs: readonly RunSummary[] }>('GET', `/api/runs?${query.toString()}`);
  if (options.json) return JSON.stringify(runs, null, 2);
  if (runs.length === 0) return 'No runs yet. Push to a connected repository, or start one on the page.';
  return runs.map((run) => line(run, now)).join('\n');
}

function line(run: RunSummary, now: number): string {
  const message = run.commit.message.split('\n')[0] ?? '';
  return [
    `#${run.number}`.padEnd(6),
    stateWord(run.status),
    `${run.repository} ${pc.dim(run.pipeline)}`,
    pc.cyan(run.ref),
    run.commit.sha.slice(0, 7),
    message.length > 50 ? `${message.slice(0, 49)}…` : message,
    pc.dim(age(now - run.createdAt)),
    pc.dim(run.id),
    ...(run.willFail === null ? [] : [pc.red(`will fail: stage ${run.willFail.stage} failed`)]),
  ].join('  ');
}
