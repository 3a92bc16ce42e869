import type { RouterAbilities, Traffic } from '@sluice/pipelines/rollout/rollout-state';
import { whyCannotRoute } from '@sluice/pipelines/rollout/router-abilities';
import { DeployProblem } from './deploy-problem.ts';

/** Rejects what the router of a target cannot do, before anything of it is done. */
export function checkTraffic(traffic: Traffic, can: RouterAbilities): void {
  const why = whyCannotRoute(traffic, can);
  if (why !== null) throw new DeployProblem('traffic-not-possible', `The rollout cannot go on: ${why}.`);
}
