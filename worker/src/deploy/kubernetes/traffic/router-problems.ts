// What a cluster or an object does not allow a router, and what to do about it.
import { matchInWords } from '@sluice/pipelines/rollout/traffic';
import type { Traffic } from '@sluice/pipelines/rollout/rollout-state';
import { DeployProblem } from '../../deploy-problem.ts';

export function missingApi(kind: string, apiVersion: string, comesWith: string): DeployProblem {
  return new DeployProblem(
    'route-api-missing',
    `The cluster does not know the kind ${kind} (${apiVersion}): install ${comesWith}, or write another provider into \`traffic\`.`,
  );
}

export function missingObject(object: string, namespace: string): DeployProblem {
  return new DeployProblem(
    'route-missing',
    `There is no ${object} in namespace ${namespace}, neither in the cluster nor in the stage's manifests: add it to the manifests, or mend \`traffic\`.`,
  );
}

export function namesOtherServices(
  object: string,
  workload: string,
  found: readonly string[],
): DeployProblem {
  const names = found.length === 0 ? 'no Service' : `only ${found.join(', ')}`;
  return new DeployProblem(
    'route-names-other',
    `${object} sends requests to ${names} of this namespace, and none of them that may be read selects the pods of Deployment ${workload}: let the route name the Service that does, or mend \`traffic\`.`,
  );
}

export function namesSeveralServices(
  object: string,
  workload: string,
  found: readonly string[],
): DeployProblem {
  return new DeployProblem(
    'route-ambiguous',
    `${object} sends requests to ${found.join(' and ')}, which all select the pods of Deployment ${workload}: use one Service for it.`,
  );
}

export function cannotSay(object: string, why: string): DeployProblem {
  return new DeployProblem('route-refused', `${object} cannot be given this traffic: ${why}.`);
}

/** The API server drops fields that its version of the definition does not have. */
export function notAdopted(object: string, wanted: Traffic, taken: Traffic): DeployProblem {
  return new DeployProblem(
    'route-refused',
    `The cluster's definition of ${object} cannot hold what the rollout needs: it was asked for ${inWords(wanted)} and would keep ${inWords(taken)}. Install a newer version of its definitions, or change the steps.`,
  );
}

function inWords({ percent, match, mirrorPercent }: Traffic): string {
  const chosen = match.length === 0 ? '' : `, ${matchInWords(match)}`;
  return `${percent} %${chosen}${mirrorPercent === 0 ? '' : `, a mirror of ${mirrorPercent} %`}`;
}

export function notInEffect(object: string, why: string): DeployProblem {
  return new DeployProblem(
    'route-not-accepted',
    `${object} is written, but not in effect: ${why}. It is tried again; if it stays so, look at its status.`,
    { retryable: true },
  );
}

/** A name that is longer than Kubernetes allows, or somebody else's. */
export function nameNotFree(what: string, why: string): DeployProblem {
  return new DeployProblem('name-taken', `${what} cannot be made beside the one that is there: ${why}.`);
}
