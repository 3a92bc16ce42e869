import { execFileSync } from 'node:child_process';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { release, share, until } from '../deploy-target.contract.ts';
import { buildTestImages, type TestImages } from '../test-service.ts';
import {
  missingForKubernetes,
  openKubernetesRig,
  shopManifests,
  type KubernetesRig,
} from './kubernetes-rig.ts';

const missing = missingForKubernetes();
const autoscaler = `---
apiVersion: autoscaling/v1
kind: HorizontalPodAutoscaler
metadata: { name: shop }
spec:
  minReplicas: 2
  maxReplicas: 4
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: shop }
`;

describe.skipIf(missing !== null)(`autoscalers${missing === null ? '' : ` (${missing})`}`, () => {
  let images: TestImages;
  beforeAll(async () => {
    images = await buildTestImages(new Docker());
  });
  afterAll(async () => {
    await images[Symbol.asyncDispose]();
  });

  test('one that would scale the old version up during a canary is held still, and scales again afterwards', async () => {
    await using rig = await openKubernetesRig(images, 1, { manifests: shopManifests(1) + autoscaler });
    await release(rig, 'v1');
    const target = (): string => read(rig, 'hpa/shop', '{.spec.scaleTargetRef.name}');
    expect(target()).toBe('shop');
    await expect.poll(() => read(rig, 'deployment/shop', '{.spec.replicas}'), patience).toBe('2');

    await rig.rollout('v2').deploy();
    expect(target()).toBe('shop.held-by-sluice');
    await until(
      () => rig.rollout('v2').setTraffic(share(50)),
      ({ canary }) => canary?.weightPercent === 50,
    );
    // It has looked since, and would have had two replicas where there is one.
    const looked = '{.items[?(@.reason=="FailedGetScale")].message}';
    await expect.poll(() => read(rig, 'events', looked), patience).toContain('shop.held-by-sluice');
    expect(read(rig, 'deployment/shop', '{.spec.replicas}')).toBe('1');

    await until(
      () => rig.rollout('v2').promote(),
      ({ canary }) => canary?.weightPercent === 100 && canary.ready >= canary.replicas,
    );
    const retired = await until(
      () => rig.rollout('v2').retireOld(),
      ({ canary }) => canary === null,
    );
    expect(retired.stable).toMatchObject({ version: 'v2', replicas: 2 });
    expect(target()).toBe('shop');
    expect(read(rig, 'hpa/shop', '{.metadata.annotations.sluice\\.dev/scales}')).toBe('');
  }, 180_000);
});

/** Autoscalers are looked after every 15 seconds. */
const patience = { timeout: 90_000, interval: 500 };

const read = ({ namespace }: KubernetesRig, object: string, path: string): string =>
  execFileSync('kubectl', ['--namespace', namespace, 'get', object, `--output=jsonpath=${path}`], {
    encoding: 'utf8',
  });
