import type { DriftView, EnvironmentView } from '@sluice/pipelines/protocol/api';
import { placesOf } from '@sluice/pipelines/protocol/environment';
import { wrongWith } from '@sluice/pipelines/rollout/place-look';

export interface SeenPlace {
  /** Null: the environment is one place. */
  readonly cluster: string | null;
  readonly look: DriftView;
}

export interface EnvironmentLooks {
  /** Places with something to say, in the environment's order. */
  readonly wrong: readonly SeenPlace[];
  /** How many were looked at and are as they should be. */
  readonly good: number;
  readonly isAwaited: boolean;
  /** Somebody can look there, on request, now. */
  readonly canCheck: boolean;
}

type Looked = Pick<EnvironmentView, 'target' | 'current' | 'drift' | 'clusters' | 'activeRollout'>;

export function environmentLooks(environment: Looked): EnvironmentLooks {
  const { target, current, clusters = [], drift, activeRollout } = environment;
  const all = [
    ...(target.kind === 'clusters' ? [] : [{ cluster: null, look: drift }]),
    ...clusters.map(({ name, drift: look }) => ({ cluster: name, look })),
  ];
  const seen = all.flatMap(({ cluster, look }) =>
    look === undefined || look === null ? [] : [{ cluster, look }],
  );
  const wrong = seen.filter(({ look }) => wrongWith(look).length > 0);
  // A Docker host has nobody to look before the first release to it.
  const isReachable =
    current !== null ||
    clusters.some((cluster) => cluster.current !== null) ||
    placesOf(target).some((place) => place.target.kind === 'kubernetes');
  return {
    wrong,
    good: seen.filter((place) => place.look.lookedAt !== null && !wrong.includes(place)).length,
    isAwaited: seen.some(({ look }) => look.isAwaited === true),
    canCheck: drift !== undefined && activeRollout === null && isReachable,
  };
}
