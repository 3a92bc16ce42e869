// Why a Kubernetes target refuses an action, and what to do about it.
import type { PlaceTarget } from '@sluice/pipelines/protocol/environment';
import type { ActionClaim } from '@sluice/pipelines/protocol/worker-api';
import { DeployProblem } from '../deploy-problem.ts';

type KubernetesEnvironment = Extract<PlaceTarget, { kind: 'kubernetes' }>;

export function checkMetrics(
  { steps, metrics }: ActionClaim['spec']['work'],
  { prometheusUrl }: KubernetesEnvironment,
  environment: string,
): void {
  const isMeasured = Object.keys(metrics).length > 0;
  if (!isMeasured && steps.some(({ kind }) => kind === 'analysis')) {
    throw new DeployProblem(
      'no-metrics',
      `The stage has an analysis step but no \`metrics\`, and a Kubernetes environment counts no requests by itself: add \`metrics\` with two PromQL queries, or remove the analysis steps.`,
    );
  }
  if (isMeasured && prometheusUrl === null) {
    throw new DeployProblem(
      'no-prometheus',
      `The stage has \`metrics\`, but environment "${environment}" names no Prometheus: set its \`prometheusUrl\`.`,
    );
  }
}

export function missingManifests(environment: string): DeployProblem {
  return new DeployProblem(
    'manifests-missing',
    `Environment "${environment}" is a Kubernetes namespace, but the deploy stage has neither \`manifests\` nor a \`chart\`: name the folder of its YAML files.`,
  );
}

export function notPromoted(version: string): DeployProblem {
  return new DeployProblem(
    'not-promoted',
    `Version ${version} does not have all of the traffic with all of its replicas, so the old version stays.`,
    { retryable: true },
  );
}

export function alreadyRetired(version: string, name: string, kind = 'deployment'): DeployProblem {
  return new DeployProblem(
    'already-retired',
    `Version ${version} is the stable one and the version before it is gone: run \`kubectl rollout undo ${kind}/${name}\`, or deploy the old version again.`,
  );
}

export function notDeployed(version: string): DeployProblem {
  return new DeployProblem(
    'not-deployed',
    `Nothing of version ${version} is in the cluster: it was removed by hand, or the environment names another cluster now. Run the deploy stage again.`,
  );
}

export function leftOver(name: string): DeployProblem {
  return new DeployProblem(
    'left-over',
    `An earlier rollout of Deployment ${name} is not cleared away yet: its canary still has traffic or pods. It is tried again; if it stays so, look whether the stable pods are ready.`,
    { retryable: true },
  );
}
