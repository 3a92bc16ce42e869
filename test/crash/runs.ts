import type { Installation } from './installation.ts';
import { until } from './journey.ts';
import { endOfRun } from './verify-run.ts';

/** The run that a push started. */
export function findRun({ db }: Installation, commit: string): Promise<string> {
  return until('the run', async () => {
    const found = await db
      .selectFrom('runs')
      .select('id')
      .where('commit_sha', '=', commit)
      .executeTakeFirst();
    return found?.id;
  });
}

/** Ends a run that a failed journey left behind. */
export async function giveUp(installation: Installation, runId: string): Promise<void> {
  if (runId === '') return;
  const { api } = installation;
  await api.call('POST', `/api/runs/${runId}/cancel`, { reason: 'given up' }).catch(() => undefined);
  await endOfRun(installation, runId).catch(() => undefined);
}
