// A whole rollout by a router, on a real cluster and through a real proxy, with the rights of
// docs/kubernetes-deployments.yml and no other.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TargetFacts } from '@sluice/pipelines/rollout/rollout-state';
import { release, share, until } from '../../deploy-target.contract.ts';
import { applyLoad } from '../../load.ts';
import { buildTestImages, type TestImages } from '../../test-service.ts';
import { openKubernetesRig, shopManifests, type KubernetesRig } from '../kubernetes-rig.ts';
import { missingForRoutes } from './router-rig.ts';
import { startRouteController, type RouteControllerRig } from './route-controller-rig.ts';

const missing = missingForRoutes('ingress');
const provider = { kind: 'ingress', name: 'shop' } as const;
const replicas = 3;

const manifests = `${shopManifests(replicas)}---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: shop }
spec:
  rules:
    - http:
        paths: [{ path: /, pathType: Prefix, backend: { service: { name: shop, port: { number: 80 } } } }]
`;

describe.skipIf(missing !== null)(`a rollout by a router${missing === null ? '' : ` (${missing})`}`, () => {
  let images: TestImages;
  let rig: KubernetesRig;
  let controller: RouteControllerRig;
  const kubectl = (...args: readonly string[]): string =>
    execFileSync('kubectl', ['-n', rig.namespace, ...args], { encoding: 'utf8' });

  beforeAll(async () => {
    images = await buildTestImages(new Docker());
    rig = await openKubernetesRig(images, replicas, {
      manifests,
      work: { traffic: provider, guard: { afterMs: 60_000, isRequired: true } },
      kubeconfig: deployerKubeconfig,
    });
    controller = await startRouteController(rig.namespace, provider);
    await release(rig, 'v1');
    await controller.caughtUp();
  }, 300_000);
  afterAll(async () => {
    await controller[Symbol.asyncDispose]();
    await rig[Symbol.asyncDispose]();
    await images[Symbol.asyncDispose]();
  });

  test('shifts, takes back and promotes without a failed request, and leaves nothing behind', async () => {
    const before = standing();
    const load = applyLoad('127.0.0.1', controller.port, 4);
    const [v2, v3] = [() => rig.rollout('v2'), () => rig.rollout('v3')];

    const found = await v2().inspect();
    expect(found.guard?.problem).toMatch(/no guard is installed in namespace .*sluice guard manifests/);
    const deployed = await until(
      () => v2().deploy(),
      ({ canary }) => canary?.ready === 1,
    );
    expect(deployed.canary).toMatchObject({ replicas: 1, weightPercent: 0 });
    const small = await until(() => v2().setTraffic(share(10)), hasWeight(10));
    expect(small.canary).toMatchObject({ replicas: 1, ready: 1 });
    expect(small.stable).toMatchObject({ replicas, weightPercent: 90 });
    expect(small).toMatchObject({ traffic: { match: [], mirrorPercent: 0 }, can: { router: 'ingress' } });
    expect(addresses('shop')).toBe(replicas);
    expect(addresses('shop-canary')).toBe(1);
    expect(promise()).toMatchObject({ 'sluice.dev/version': 'v2', 'sluice.dev/router': 'ingress/shop' });
    const full = await until(() => v2().promote(), hasWeight(100));
    expect(full.canary).toMatchObject({ replicas, ready: replicas });
    expect(full.stable).toMatchObject({ version: 'v1', ready: replicas });
    await until(
      () => v2().rollBack(),
      ({ canary }) => canary === null,
    );
    expect(standing()).toEqual(before);

    await v3().deploy();
    expect(promise()).toBeNull();
    await until(() => v3().setTraffic(share(50)), hasWeight(50));
    expect(promise()).toMatchObject({ 'sluice.dev/version': 'v3' });
    await until(() => v3().promote(), hasWeight(100));
    const end = await until(
      () => v3().retireOld(),
      ({ canary }) => canary === null,
    );
    expect(end.stable).toMatchObject({ version: 'v3', ready: replicas, weightPercent: 100 });
    expect(await v3().retireOld()).toEqual(end);
    expect(standing()).toEqual(before);
    await controller.caughtUp();
    const { failures, versions } = await load.stop();
    expect(failures).toEqual([]);
    expect([...versions].toSorted()).toEqual(['v1', 'v2', 'v3']);
  }, 300_000);

  test('of a version that does not start gets no traffic, and is taken back', async () => {
    const before = standing();
    const broken = () => rig.brokenRollout('v4');
    await broken().deploy();
    const facts = await until(
      () => broken().setTraffic(share(50)),
      ({ canary }) => canary?.problem !== null && canary?.problem !== undefined,
    );
    expect(facts.canary).toMatchObject({ ready: 0, weightPercent: 0 });
    expect(standing()).toMatchObject({ route: before.route });
    await until(
      () => broken().rollBack(),
      ({ canary }) => canary === null,
    );
    expect(standing()).toEqual(before);
  }, 180_000);

  test('is refused with what to do before anything is changed', async () => {
    const open = (changes: { readonly name?: string; readonly manifests?: string }) =>
      rig.open('v5', {
        work: { traffic: { ...provider, name: changes.name ?? 'shop' } },
        ...(changes.manifests === undefined ? {} : { manifests: changes.manifests }),
      });
    const before = standing();
    const other = manifests.replace('service: { name: shop,', 'service: { name: cart,');
    await expect(open({ manifests: other }).inspect()).rejects.toMatchObject({
      reason: 'route-names-other',
      message: expect.stringContaining('only cart'),
    });
    await expect(open({ name: 'hidden' }).inspect()).rejects.toMatchObject({
      reason: 'rights-missing',
      message: expect.stringMatching(/resourceNames: \[hidden.*kubernetes-deployments\.yml/s),
    });
    expect(standing()).toEqual(before);
  });

  test('that the guard has taken for dead goes on with nothing but the way back', async () => {
    const before = standing();
    const v6 = () => rig.rollout('v6');
    await v6().deploy();
    await until(() => v6().setTraffic(share(20)), hasWeight(20));
    kubectl('annotate', 'lease/sluice-guard-shop', 'sluice.dev/engine-silent-seconds=63');
    const told = { reason: 'guard-restored', retryable: false };
    await expect(v6().observe()).rejects.toMatchObject(told);
    await expect(v6().setTraffic(share(50))).rejects.toMatchObject(told);
    await expect(v6().promote()).rejects.toMatchObject(told);
    await expect(v6().retireOld()).rejects.toMatchObject(told);
    await until(
      () => v6().rollBack(),
      ({ canary }) => canary === null,
    );
    expect(standing()).toEqual(before);
  }, 180_000);

  const promise = (): Record<string, string> | null => {
    const text = kubectl('get', 'lease/sluice-guard-shop', '--ignore-not-found', '-o', 'json');
    return text === '' ? null : JSON.parse(text).metadata.annotations;
  };

  function standing() {
    const get = (what: string) => JSON.parse(kubectl('get', what, '-o', 'json'));
    const route = get('ingress/shop');
    const names = (what: string) => kubectl('get', what, '-o', 'name').trim().split('\n');
    const notes = Object.keys(get('deployment/shop').metadata.annotations);
    return {
      route: route.spec,
      routes: names('ingresses'),
      selector: get('service/shop').spec.selector,
      services: names('services'),
      deployments: names('deployments'),
      leases: names('leases'),
      notes: notes.filter((each) => each.startsWith('sluice.dev/')).toSorted(),
    };
  }

  function addresses(service: string): number {
    const text = kubectl('get', `endpoints/${service}`, '-o', 'jsonpath={.subsets[*].addresses[*].ip}');
    return text.split(' ').filter((each) => each !== '').length;
  }
});

const hasWeight =
  (percent: number) =>
  ({ canary }: TargetFacts): boolean =>
    canary !== null && canary.weightPercent === percent && canary.ready >= canary.replicas;

/** What the document gives, in the namespace of the test. */
function deployerKubeconfig(namespace: string): string {
  const kubectl = (...args: readonly string[]): string =>
    execFileSync('kubectl', ['-n', namespace, ...args], { encoding: 'utf8' });
  kubectl(
    'apply',
    '-f',
    fileURLToPath(new URL('../../../../../docs/kubernetes-deployments.yml', import.meta.url)),
  );
  const secret = (): string =>
    kubectl('get', 'serviceaccount/sluice-deployer', '-o', 'jsonpath={.secrets[0].name}');
  for (let left = 100; secret() === '' && left > 0; left -= 1);
  const token = kubectl('get', `secret/${secret()}`, '-o', 'jsonpath={.data.token}');
  const config = JSON.parse(kubectl('config', 'view', '--raw', '--minify', '--flatten', '-o', 'json'));
  const [user] = config.users;
  user.user = { token: Buffer.from(token, 'base64').toString() };
  return JSON.stringify(config);
}
