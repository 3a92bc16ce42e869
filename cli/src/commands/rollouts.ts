import type { RolloutView, RunView } from '@sluice/pipelines/protocol/api';
import { ApiError, type ApiClient } from '../api-client.ts';
import { findRun } from './find-run.ts';

/** What a person may ask of a rollout, and what is said when the server has taken it. */
const taken = {
  hold: 'waits before it gets anything more',
  resume: 'goes on',
  promote: 'is being promoted',
  abort: 'is being rolled back',
} as const;

export interface SteerOptions {
  readonly reason: string;
  /** The deploy stage; absent: the only one that deploys now. */
  readonly stage?: string;
  /** One cluster of a rollout over several. */
  readonly cluster?: string;
}

/** `name`: of a run, its number or id. */
export async function steer(
  api: ApiClient,
  wish: keyof typeof taken,
  name: string,
  { reason, stage, cluster }: SteerOptions,
): Promise<string> {
  const run = await findRun(api, name);
  const rollout = openRollout(run, stage);
  const id = cluster === undefined ? rollout.id : await rolloutIn(api, rollout.id, cluster);
  await api.call('POST', `/api/rollouts/${id}/${wish}`, { reason });
  const where = cluster === undefined ? '' : ` in ${cluster}`;
  return `${rollout.stage} of run #${run.number}${where} ${taken[wish]}`;
}

const ends = ['succeeded', 'rolled-back', 'refused', 'stopped'];

function openRollout(run: RunView, stage: string | undefined): RunView['rollouts'][number] {
  const open = run.rollouts.filter(
    (each) => !ends.includes(each.phase) && (stage === undefined || each.stage === stage),
  );
  const [first] = open;
  if (first === undefined) {
    const of = stage === undefined ? '' : ` by stage "${stage}"`;
    throw new ApiError(`run #${run.number} is not rolling anything out now${of}`, 'no-rollout', null);
  }
  if (open.length === 1) return first;
  const names = open.map((each) => each.stage).join(', ');
  throw new ApiError(
    `run #${run.number} is rolling out several: say which with --stage (${names})`,
    'several-rollouts',
    null,
  );
}

async function rolloutIn(api: ApiClient, id: string, cluster: string): Promise<string> {
  const { clusters = [] } = await api.call<RolloutView>('GET', `/api/rollouts/${id}`);
  const found = clusters.find((each) => each.name === cluster);
  if (found !== undefined && found.rolloutId !== null) return found.rolloutId;
  const message =
    found === undefined
      ? `the rollout goes to no cluster "${cluster}"`
      : `the rollout has not come to cluster "${cluster}" yet`;
  throw new ApiError(message, 'no-rollout', null);
}
