// Why a Docker target refuses an action, and what to do about it.
import { DeployProblem } from '../deploy-problem.ts';

export function missingContainer(environment: string): DeployProblem {
  return new DeployProblem(
    'no-container',
    `Environment "${environment}" is a Docker host, but the deploy stage has no \`container\`: say which port, health path and number of replicas it has.`,
  );
}

export function serviceTaken(service: string, environment: string): DeployProblem {
  return new DeployProblem(
    'service-taken',
    `Service "${service}" on this host belongs to environment "${environment}": give this environment another service name.`,
  );
}

export function noPrometheus(environment: string): DeployProblem {
  return new DeployProblem(
    'no-prometheus',
    `The stage has \`metrics\`, but environment "${environment}" is a Docker host, where requests and errors are counted by its own proxy: remove \`metrics\`.`,
  );
}

export function notDeployed(version: string): DeployProblem {
  return new DeployProblem(
    'not-deployed',
    `No container of version ${version} is on this host: they were removed by hand, or this is another host. Run the deploy stage again.`,
  );
}

export function notPromoted(version: string): DeployProblem {
  return new DeployProblem(
    'not-promoted',
    `Version ${version} does not have all of the traffic, so the old version stays.`,
  );
}

export function alreadyRetired(version: string): DeployProblem {
  return new DeployProblem(
    'already-retired',
    `The version before ${version} is gone from this host: deploy it again to go back to it.`,
  );
}

export function stableNotReady(version: string, problem: string | null): DeployProblem {
  return new DeployProblem(
    'stable-not-ready',
    `No container of the old version ${version} is ready, so traffic stays where it is${problem === null ? '' : `: ${problem}`}. Look at its containers.`,
    { retryable: true },
  );
}
