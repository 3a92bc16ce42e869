import { setTimeout as sleep } from 'node:timers/promises';
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

/** A run that was just pushed for is there a moment later: waits for it, at most 15 s. */
export async function findSoon(api: ApiClient, name: string, everyMs = 500): Promise<RunView> {
  for (let left = 30; ; left -= 1) {
    try {
      return await findRun(api, name);
    } catch (error) {
      if (!(error instanceof ApiError) || error.reason !== 'not-found' || left === 0) throw error;
      await sleep(everyMs);
    }
  }
}
