// `sluice approve` and `sluice reject`: shows what is decided, then votes on exactly that.
import { evidenceTable } from '@sluice/pipelines/rollout/evidence-table';
import type { RolloutView, RunView } from '@sluice/pipelines/protocol/api';
import { ApiError, type ApiClient } from '../api-client.ts';
import { findRun } from './find-run.ts';
import { formatClusters } from './format-clusters.ts';
import { formatEvidence } from './format-evidence.ts';
import { formatLadder } from './format-ladder.ts';

export interface VoteOptions {
  readonly stage?: string;
  readonly reason?: string;
}

export async function castVote(
  api: ApiClient,
  verdict: 'approved' | 'rejected',
  name: string,
  options: VoteOptions,
  write: (text: string) => void,
): Promise<void> {
  const run = await findRun(api, name);
  const stage = options.stage ?? (await waitingStage(api, run));
  const rollout = await rolloutOf(api, run, stage);
  if (rollout?.clusters !== undefined) {
    write(`${formatClusters(rollout, rollout.clusters)}\n`);
  } else if (rollout !== null) {
    write(`${formatLadder(rollout.rollout)}\n\n${formatEvidence(evidenceTable(rollout.rollout))}\n`);
  }
  await api.call('POST', `/api/runs/${run.id}/stages/${encodeURIComponent(stage)}/vote`, {
    verdict,
    reason: options.reason ?? null,
    decisionHash: rollout?.decisions.at(-1)?.hash ?? null,
    image: rollout?.rollout.spec.image ?? null,
  });
  write(`${verdict} ${stage} of run #${run.number}\n`);
}

async function waitingStage(api: ApiClient, run: RunView): Promise<string> {
  const waiting = Object.entries(run.state?.stages ?? {})
    .filter(([, state]) => state.status === 'awaiting-approval')
    .map(([id]) => id);
  for (const { id, stage } of run.rollouts) {
    const { rollout } = await api.call<RolloutView>('GET', `/api/rollouts/${id}`);
    const asks = Object.values(rollout.fleet?.clusters ?? {}).some((cluster) => cluster.asks === true);
    if (rollout.phase.name === 'awaiting-approval' || asks) waiting.push(stage);
  }
  const [only, ...more] = waiting;
  if (only === undefined)
    throw new ApiError(`run #${run.number} waits for no approval`, 'nothing-to-approve', null);
  if (more.length > 0) {
    throw new ApiError(
      `run #${run.number} waits for several: name one with --stage (${waiting.join(', ')})`,
      'ambiguous',
      null,
    );
  }
  return only;
}

async function rolloutOf(api: ApiClient, run: RunView, stage: string): Promise<RolloutView | null> {
  const found = run.rollouts.filter((rollout) => rollout.stage === stage).at(-1);
  return found === undefined ? null : api.call<RolloutView>('GET', `/api/rollouts/${found.id}`);
}
