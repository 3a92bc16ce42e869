import { afterAll, beforeAll, describe } from 'vitest';
import { executorContract } from '../executor.contract.ts';
import { openPodRig, type PodRig } from './pod-rig.ts';

const hasCluster = process.env['KUBECONFIG'] !== undefined;
const image = process.env['TEST_IMAGE'] ?? 'lab/busybox:1';

describe.skipIf(!hasCluster)('in a Kubernetes cluster (needs KUBECONFIG)', () => {
  let rig: PodRig;
  beforeAll(async () => {
    rig = await openPodRig();
  });
  afterAll(() => rig[Symbol.asyncDispose]());

  executorContract(
    'the Kubernetes executor',
    () => ({
      executor: rig.executor(),
      image,
      workspaceInStep: '/workspace',
      countLeft: rig.countLeft,
    }),
    {
      'process limit': 'a pod has the limit of its node',
      'user names': 'a pod knows users by their numbers only',
      'service failures': 'a pod says in words of its own what its services did',
      'no network': 'the network plug-in of this cluster does not enforce NetworkPolicies',
    },
  );
});
