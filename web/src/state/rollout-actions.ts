import type { RolloutView } from '@sluice/pipelines/protocol/api';
import { whyNotHeld, whyNotPromoted, whyNotResumed } from '@sluice/pipelines/rollout/steering';

export type RolloutActionName =
  'approve' | 'reject' | 'resume' | 'hold' | 'promote' | 'break-glass' | 'give-up' | 'abort';

/** What a person can do about a rollout now; the first one is what it waits for. */
export function actionsIn(view: Pick<RolloutView, 'rollout' | 'clusters'>): readonly RolloutActionName[] {
  const { phase } = view.rollout;
  const clusters = Object.values(view.rollout.fleet?.clusters ?? {});
  switch (phase.name) {
    case 'awaiting-approval':
      return ['approve', 'reject'];
    case 'delivering':
      return clusters.some(({ asks }) => asks === true) ? ['approve', 'reject', ...steer(view)] : steer(view);
    case 'frozen':
      return ['break-glass', ...steer(view)];
    case 'rollback-blocked':
      return [...resumes(view), 'give-up'];
    case 'succeeded':
    case 'rolled-back':
    case 'refused':
    case 'stopped':
    case 'rolling-back':
      return [];
    default:
      return steer(view);
  }
}

function steer(view: Pick<RolloutView, 'rollout' | 'clusters'>): readonly RolloutActionName[] {
  const { rollout } = view;
  const canHold = whyNotHeld(rollout) === null && rollout.wish === undefined;
  return [
    ...resumes(view),
    ...(canHold ? (['hold'] as const) : []),
    ...(canPromote(view) ? (['promote'] as const) : []),
    'abort',
  ];
}

const resumes = ({ rollout }: Pick<RolloutView, 'rollout'>): readonly RolloutActionName[] =>
  whyNotResumed(rollout) === null ? ['resume'] : [];

/** Of several clusters the server has said of each whether it can be promoted. */
function canPromote({ rollout, clusters }: Pick<RolloutView, 'rollout' | 'clusters'>): boolean {
  return clusters === undefined
    ? whyNotPromoted(rollout) === null
    : clusters.some((cluster) => cluster.canPromote === true);
}

/** What cannot be taken back, or takes back what users have. */
export const isDangerous = (name: RolloutActionName): boolean =>
  name === 'reject' || name === 'abort' || name === 'give-up' || name === 'break-glass';
