// Claims of actions for tests.
import type { DeployWork } from '@sluice/pipelines/language/definition';
import type { ActionClaim } from '@sluice/pipelines/protocol/worker-api';
import type { RolloutAction } from '@sluice/pipelines/rollout/rollout-state';

export type ClaimChanges = Partial<Omit<ActionClaim, 'spec'>> & {
  readonly installation: string;
  readonly target: ActionClaim['target'];
  readonly version: string;
  readonly image: string;
  readonly work?: Partial<DeployWork>;
};

export function aClaim({ version, image, work, ...changes }: ClaimChanges): ActionClaim {
  const inspect: RolloutAction = { kind: 'inspect' };
  return {
    rolloutId: '0190a000-0000-7000-8000-000000000001',
    action: 1,
    fence: 1,
    project: 'default',
    what: inspect,
    spec: { environment: 'test', version, image, author: 'ada', work: { ...deployWork, ...work } },
    containerEnv: {},
    kubeconfig: null,
    checkout: {
      repositoryId: 'none',
      url: 'file:///none',
      commit: '0'.repeat(40),
      username: null,
      password: null,
    },
    registryCredentials: [],
    secrets: [],
    ...changes,
  };
}

const deployWork: DeployWork = {
  kind: 'deploy',
  environment: 'test',
  image: 'push',
  manifests: null,
  container: null,
  strategy: 'canary',
  steps: [],
  metrics: {},
  confidence: 0.95,
  intervalMs: 1_000,
  noData: 'wait',
  onInconclusive: 'hold',
  bakeMs: 0,
  drainMs: 2_000,
  deadlineMs: 600_000,
};
