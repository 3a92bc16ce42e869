import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { release, share, until } from '../../deploy-target.contract.ts';
import { buildTestImages, type TestImages } from '../../test-service.ts';
import { missingForKubernetes, openKubernetesRig, shopManifests } from '../kubernetes-rig.ts';
import { missingRenderers, shopChart } from './renderers-rig.ts';

const missing = missingForKubernetes() ?? missingRenderers;
const chart = { path: 'chart', values: [], set: { replicas: 1 }, name: null };
const definitions = {
  'chart/crds/a.yaml': 'apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition',
};

describe.skipIf(missing !== null)(
  `rendered manifests on Kubernetes${missing === null ? '' : ` (${missing})`}`,
  () => {
    let images: TestImages;
    beforeAll(async () => {
      images = await buildTestImages(new Docker());
    });
    afterAll(async () => {
      await images[Symbol.asyncDispose]();
    });

    test('a canary of what a chart renders gets its share and goes back; hooks are told and not run', async () => {
      const files = { ...shopChart, ...definitions };
      await using rig = await openKubernetesRig(images, 1, { files, work: { manifests: null, chart } });
      const lines: string[] = [];
      await rig.open('v1', { say: (line) => lines.push(line) }).inspect();
      expect(lines.filter((line) => line.startsWith('Warning'))).toEqual([
        expect.stringMatching(/^Warning: hooks .*: Job migrate \(pre-install,pre-upgrade\)/),
        expect.stringMatching(/^Warning: custom resource definitions .*: a.yaml of chart\/crds/),
      ]);
      await release(rig, 'v1');
      await rig.rollout('v2').deploy();
      const facts = await until(
        () => rig.rollout('v2').setTraffic(share(50)),
        ({ canary }) => canary?.weightPercent === 50,
      );
      expect(facts.stable).toMatchObject({ version: 'v1', replicas: 1 });
      await until(
        () => rig.rollout('v2').rollBack(),
        ({ canary }) => canary === null,
      );
      expect(await rig.ask()).toBe('v1');
    });

    test('what a kustomization builds is deployed', async () => {
      const files = {
        'base/kustomization.yaml': 'resources: [shop.yml]',
        'base/shop.yml': shopManifests(3),
        'k8s/kustomization.yaml': 'resources: [../base]\nreplicas: [{ name: shop, count: 1 }]',
      };
      await using rig = await openKubernetesRig(images, 1, { files });
      const { stable } = await release(rig, 'v1');
      expect(stable).toMatchObject({ version: 'v1', replicas: 1, ready: 1 });
    });
  },
);
