// On a real cluster, with a real proxy that does what the route says: what becomes of a canary whose engine is silent.
import Docker from 'dockerode';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Traffic } from '@sluice/pipelines/rollout/rollout-state';
import type { KubeClient } from '../deploy/kubernetes/kube-client.ts';
import { installDefinitions } from '../deploy/kubernetes/traffic/definitions-rig.ts';
import {
  startRouteController,
  type RouteControllerRig,
} from '../deploy/kubernetes/traffic/route-controller-rig.ts';
import { missingForRoutes, openRouterRig, type RouterRig } from '../deploy/kubernetes/traffic/router-rig.ts';
import { pairOf } from '../deploy/kubernetes/traffic/service-pair.ts';
import { buildTestImages, type TestImages } from '../deploy/test-service.ts';
import { engineRig, guardRig, linkTo, promised, type ClusterLink, type EngineRig } from './guard-rig.ts';

const missing = missingForRoutes('httproute');
const { holdsMs } = promised;

describe.skipIf(missing !== null)(`a guard in the cluster${missing === null ? '' : ` (${missing})`}`, () => {
  let images: TestImages;
  let rig: RouterRig;
  let controller: RouteControllerRig;
  let link: ClusterLink;
  let engine: EngineRig;

  beforeAll(async () => {
    installDefinitions();
    images = await buildTestImages(new Docker());
    rig = await openRouterRig(images.good);
    controller = await startRouteController(rig.namespace, { kind: 'httproute', name: 'shop' });
    link = await linkTo(rig.namespace);
    engine = engineRig(link.client, 'httproute');
    const second = service('cart', 'stable');
    rig.apply(second, service('cart-canary', 'canary'));
  }, 180_000);
  afterAll(async () => {
    link?.close();
    await controller?.[Symbol.asyncDispose]();
    await rig?.[Symbol.asyncDispose]();
    await images?.[Symbol.asyncDispose]();
  });

  let before: readonly unknown[];
  beforeEach(async () => {
    link.isUp = true;
    for (const name of ['shop', 'cart']) {
      rig.kubectl('delete', 'httproute', name, '--ignore-not-found');
      rig.apply(route(name));
    }
    before = [specOf('shop'), specOf('cart')];
  });
  afterEach(async () => {
    link.isUp = true;
    for (const name of ['shop', 'cart']) await engine.forget(name);
  });

  test('lets an engine that is heard of go on, whatever its clock shows, and gives users the old version back when it is silent', async () => {
    const guard = guardRig(link.client);
    const promise = engine.promise('shop');
    await give('shop', 30);
    await engine.keep(promise);
    const clock = [0, 4_102_444_800_000, 86_400_000, Date.now()];
    let beats = 0;
    await guard.watch(2 * holdsMs, async () => {
      beats += 1;
      if (beats % 12 === 0) await engine.keep(promise, (clock[(beats / 12) % 4] ?? 0) + beats);
    });
    expect(await trafficOf('shop')).toMatchObject({ percent: 30 });
    expect(await engine.keep(promise)).toEqual({ problem: null });

    await guard.watch(holdsMs);
    expect(await trafficOf('shop')).toMatchObject({ percent: 30 });
    await guard.watch(2 * promised.lookEveryMs);
    expect(specOf('shop')).toEqual(before[0]);
    await controller.caughtUp();
    await guard.watch(promised.lookEveryMs);
    expect(notesOf('shop')).toMatchObject({
      'sluice.dev/engine-silent-seconds': '60',
      'sluice.dev/restored': expect.stringMatching(
        /^HTTPRoute shop sends everything to Service shop again, since 20/,
      ),
    });
    expect(await answers(300)).toEqual({ v1: 300 });
    const rested = versionOf('shop');
    await guard.watch(holdsMs);
    expect(versionOf('shop')).toBe(rested);
  }, 120_000);

  test('tells an engine that comes back what it did, and is not overruled by one that was only stopped', async () => {
    const guard = guardRig(link.client);
    const promise = engine.promise('shop');
    await give('shop', 30);
    await engine.keep(promise);
    await guard.watch(holdsMs + 4_000);
    await give('shop', 50); // the end of an action that had begun before
    await guard.watch(promised.lookEveryMs);
    expect(specOf('shop')).toEqual(before[0]);
    await controller.caughtUp();
    await guard.watch(promised.lookEveryMs);
    const told = {
      reason: 'guard-restored',
      message: expect.stringMatching(
        /^nothing was heard of the engine for 60 s, and the guard .* has acted: HTTPRoute/,
      ),
    };
    await expect(engine.keep(promise)).rejects.toMatchObject(told);
    await expect(engine.end('shop')).rejects.toMatchObject(told);
    await engine.forget('shop');
    await engine.keep(engine.promise('shop', 'v3'));
    expect(notesOf('shop')).not.toHaveProperty('sluice.dev/restored');
  }, 60_000);

  test('that is started again in the middle waits the whole time anew', async () => {
    await give('shop', 30);
    await engine.keep(engine.promise('shop'));
    await guardRig(link.client).watch(holdsMs - 4_000);
    const next = guardRig(link.client);
    await next.watch(holdsMs - 4_000);
    expect(await trafficOf('shop')).toMatchObject({ percent: 30 });
    await next.watch(8_000);
    expect(specOf('shop')).toEqual(before[0]);
  }, 60_000);

  test('does not take its own blindness for the silence of the engine', async () => {
    const guard = guardRig(link.client);
    await give('shop', 30);
    await engine.keep(engine.promise('shop'));
    await guard.watch(20_000);
    link.isUp = false;
    await guard.watch(10 * holdsMs);
    link.isUp = true;
    guard.sleep(3_600_000);
    await guard.watch(holdsMs - 30_000);
    expect(await trafficOf('shop')).toMatchObject({ percent: 30 });
    await guard.watch(20_000);
    expect(specOf('shop')).toEqual(before[0]);
  }, 60_000);

  test('gives back what belongs to the silent rollout, and nothing of another', async () => {
    const guard = guardRig(link.client);
    const [shop, cart] = [engine.promise('shop'), engine.promise('cart')];
    await give('shop', 30);
    await give('cart', 30);
    await engine.keep(shop);
    let beats = 0;
    await guard.watch(holdsMs + 4_000, async () => {
      beats += 1;
      if (beats % 10 === 1) await engine.keep(cart);
    });
    expect(specOf('shop')).toEqual(before[0]);
    expect(await trafficOf('cart')).toMatchObject({ percent: 30 });
  }, 60_000);

  test('does nothing where no promise is: after a rollout, and for routes of others', async () => {
    const guard = guardRig(link.client);
    await give('shop', 30);
    await give('cart', 30);
    await engine.keep(engine.promise('shop'));
    await guard.watch(holdsMs - 4_000);
    await engine.end('shop');
    const lease = { name: 'elect', labels: { 'sluice.guard': 'rollout' } };
    rig.apply({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: lease });
    await guard.watch(3 * holdsMs);
    expect([await trafficOf('shop'), await trafficOf('cart')]).toMatchObject([
      { percent: 30 },
      { percent: 30 },
    ]);
  }, 60_000);

  test('leaves everything to an engine that comes back while the guard decides', async () => {
    await give('shop', 30);
    const promise = engine.promise('shop');
    await engine.keep(promise);
    let isLate = false;
    const client = (): KubeClient => {
      const real = link.client();
      const list: KubeClient['list'] = async (...which) => {
        const found = await real.list(...which);
        if (isLate) await engine.keep(promise);
        return found;
      };
      return { ...real, list };
    };
    const guard = guardRig(client);
    await guard.watch(holdsMs);
    isLate = true;
    await guard.watch(2_000);
    isLate = false;
    await guard.watch(holdsMs - 2_000);
    expect(await trafficOf('shop')).toMatchObject({ percent: 30 });
    expect(await engine.keep(promise)).toEqual({ problem: null });
  }, 60_000);

  test('gives nothing to an old version that is not ready, says so, and does it once it is', async () => {
    const guard = guardRig(link.client);
    await give('shop', 30);
    await engine.keep(engine.promise('shop'));
    rig.kubectl('label', 'pod', 'v1', 'sluice.track=gone', '--overwrite');
    await expect.poll(() => link.client().readyAddresses('shop'), { timeout: 30_000 }).toBe(0);
    await guard.watch(holdsMs + 10_000);
    expect(await trafficOf('shop')).toMatchObject({ percent: 30 });
    expect(notesOf('shop')['sluice.dev/guard']).toContain('only 0 of 1 pods of the old version are ready');
    rig.kubectl('label', 'pod', 'v1', 'sluice.track=stable', '--overwrite');
    await expect.poll(() => link.client().readyAddresses('shop'), { timeout: 30_000 }).toBe(1);
    await guard.watch(promised.lookEveryMs);
    expect(specOf('shop')).toEqual(before[0]);
    expect(notesOf('shop')['sluice.dev/guard']).toBe('watching');
  }, 120_000);

  const router = (name: string) => rig.router({ kind: 'httproute', name });
  const give = (name: string, percent: number): Promise<void> =>
    router(name).give(pairOf(name), { percent, match: [], mirrorPercent: 0 });
  const trafficOf = async (name: string): Promise<Traffic> => (await router(name).read(pairOf(name))).traffic;
  const get = (what: string) => JSON.parse(rig.kubectl('get', what, '-o', 'json'));
  const specOf = (name: string): unknown => get(`httproute/${name}`).spec;
  const versionOf = (name: string): string => get(`httproute/${name}`).metadata.resourceVersion;
  const notesOf = (name: string): Record<string, string> =>
    get(`lease/sluice-guard-${name}`).metadata.annotations ?? {};

  async function answers(count: number): Promise<Readonly<Record<string, number>>> {
    const seen: Record<string, number> = {};
    for (let left = count; left > 0; left -= 1) {
      const answer = await fetch(`http://127.0.0.1:${controller.port}/`);
      const version = answer.ok ? await answer.text() : `status ${answer.status}`;
      seen[version] = (seen[version] ?? 0) + 1;
    }
    return seen;
  }
});

const route = (name: string) => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name },
  spec: {
    parentRefs: [{ name: 'web' }],
    rules: [
      {
        matches: [{ path: { type: 'PathPrefix', value: '/static' } }],
        backendRefs: [{ name: 'files', port: 80 }],
      },
      { backendRefs: [{ name, port: 80 }] },
    ],
  },
});

const service = (name: string, track: string) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector: { app: 'shop', 'sluice.track': track }, ports: [{ port: 80, targetPort: 8080 }] },
});
