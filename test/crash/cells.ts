// The matrix: which part × in which phase × with which fault.

export const components = ['server', 'worker', 'redis', 'postgres', 'docker', 'kubernetes'] as const;
export type Component = (typeof components)[number];

export const faults = ['kill', 'stop', 'cut', 'slow'] as const;
export type Fault = (typeof faults)[number];

/** In the order in which a journey comes through them. */
export const phasesOf = {
  steps: [
    'webhook-stored',
    'planned',
    'queued',
    'claimed',
    'checkout',
    'step-running',
    'step-ended',
    'log-tail',
    'stage-ended',
    'run-ended',
  ],
  image: ['build', 'push'],
  approval: ['approval-awaited', 'approval-given'],
  rollout: ['inspect', 'deploy', 'set-weight', 'analysis', 'pause', 'approve', 'promote', 'retire'],
  'roll-back': ['roll-back'],
  fleet: ['wave-deploy', 'cluster-paused', 'wave-end', 'next-wave', 'fleet-end'],
  'fleet-back': ['cluster-back', 'put-back'],
} as const;
export type JourneyName = keyof typeof phasesOf;
export type Phase = (typeof phasesOf)[JourneyName][number];

export interface Cell {
  readonly component: Component;
  readonly phase: Phase;
  readonly fault: Fault;
}

export const nameOf = ({ component, phase, fault }: Cell): string => `${component}/${phase}/${fault}`;

export const allCells: readonly Cell[] = components.flatMap((component) =>
  Object.values(phasesOf)
    .flat()
    .flatMap((phase) => faults.map((fault) => ({ component, phase, fault }))),
);

/** What an installation runs stages on and deploys to, so that the part takes part. */
export const platformOf = ({ component }: Cell): 'docker' | 'kubernetes' =>
  component === 'kubernetes' ? 'kubernetes' : 'docker';

/** Why a cell is not tried; null: it is. */
export function reasonAgainst({ component, phase }: Cell): string | null {
  if (component !== 'kubernetes') return null;
  const isOf = (...names: readonly JourneyName[]): boolean =>
    names.some((name) => phasesOf[name].some((each) => each === phase));
  if (isOf('image'))
    return 'an image is built and pushed by a Docker engine, wherever stages run: no API server of Kubernetes is asked';
  return isOf('fleet', 'fleet-back')
    ? 'between the rollouts of several clusters no cluster is asked; what one on Kubernetes does is in the phases of its own rollout'
    : null;
}
