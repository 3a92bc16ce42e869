import Docker from 'dockerode';
import { afterAll, beforeAll, describe } from 'vitest';
import { deployTargetContract } from '../deploy-target.contract.ts';
import { buildTestImages, type TestImages } from '../test-service.ts';
import { missingForKubernetes, openKubernetesRig } from './kubernetes-rig.ts';

const missing = missingForKubernetes();

describe.skipIf(missing !== null)(`on Kubernetes${missing === null ? '' : ` (${missing})`}`, () => {
  let images: TestImages;
  beforeAll(async () => {
    images = await buildTestImages(new Docker());
  });
  afterAll(async () => {
    await images[Symbol.asyncDispose]();
  });

  deployTargetContract('Kubernetes by replica share', () => openKubernetesRig(images));
});
