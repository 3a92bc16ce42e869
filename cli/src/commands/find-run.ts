import type { RunSummary, RunView } from '@sluice/pipelines/protocol/api';
import { ApiError, type ApiClient } from '../api-client.ts';

/** Finds a run by its number or its id. */
export async function findRun(api: ApiClient, name: string): Promise<RunView> {
  if (!/^#?\d+$/.test(name)) return api.call<RunView>('GET', `/api/runs/${encodeURIComponent(name)}`);
  const number = Number(name.replace('#', ''));
  const { runs } = await api.call<{ runs: readonly RunSummary[] }>('GET', '/api/runs?limit=200');
  const found = runs.find((run) => run.number === number);
  if (found === undefined) {
    throw new ApiError(
      `no run ${name} among the newest 200; \`sluice runs\` lists them, and an id works too`,
      'not-found',
      404,
    );
  }
  return api.call<RunView>('GET', `/api/runs/${found.id}`);
}
