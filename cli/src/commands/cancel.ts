// `sluice cancel`: ends a run or one stage of it; once more with --force, it does not wait for clean-up.
import type { ApiClient } from '../api-client.ts';
import { findRun } from './find-run.ts';

export interface CancelOptions {
  readonly stage?: string;
  readonly reason?: string;
  readonly force: boolean;
}

export async function cancelRun(
  api: ApiClient,
  name: string,
  { stage, reason = '', force }: CancelOptions,
  write: (text: string) => void,
): Promise<void> {
  const run = await findRun(api, name);
  const place = stage === undefined ? '' : `/stages/${encodeURIComponent(stage)}`;
  await api.call('POST', `/api/runs/${run.id}${place}/cancel`, { reason, force });
  const what = stage === undefined ? `run #${run.number}` : `${stage} of run #${run.number}`;
  write(`asked to ${force ? 'force the end of' : 'cancel'} ${what}`);
}
