// What every router must do, whatever its object is: what the object says is read back, and what users get is
// observed through a real proxy that does what the object says.
import type { Traffic } from '@sluice/pipelines/rollout/rollout-state';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { TrafficProvider } from '@sluice/pipelines/language/definition';
import { installDefinitions } from './definitions-rig.ts';
import { startRouteController, type RouteControllerRig } from './route-controller-rig.ts';
import { openRouterRig, type RouterRig } from './router-rig.ts';
import type { TrafficRouter } from './traffic-router.ts';

export interface RoutedObject {
  readonly provider: TrafficProvider;
  /** To Service `shop`, with rules beside it that are nobody's business. */
  readonly object: { readonly apiVersion: string; readonly kind: string; readonly spec: object };
  /** The same, when somebody has changed something else meanwhile. */
  readonly changedElsewhere: object;
  readonly can: TrafficRouter['can'];
  /** One that requests can be chosen by. */
  readonly cookieValue: string;
}

const pair = { stable: 'shop', canary: 'shop-canary' };
const traffic = (given: Partial<Traffic>): Traffic => ({ percent: 0, match: [], mirrorPercent: 0, ...given });
const requests = 600;

/**
 * How many points an observed share may be away from `percent`, when each of `count` requests is sent by a lot of its
 * own: six standard deviations of the binomial distribution, once in 500 million.
 */
const byChance = (percent: number, count: number): number =>
  6 * Math.sqrt((percent * (100 - percent)) / count);

export function trafficRouterContract(routed: RoutedObject, image: () => string): void {
  const { provider, object, can, cookieValue } = routed;
  describe(`${object.kind} shares traffic`, () => {
    let rig: RouterRig;
    let controller: RouteControllerRig;
    let before: unknown;
    const open = (): TrafficRouter => rig.router(provider);
    const specNow = (): unknown =>
      JSON.parse(rig.kubectl('get', `${object.kind}/${provider.name}`, '-o', 'json')).spec;
    const give = async (wanted: Traffic): Promise<void> => {
      await open().give(pair, wanted);
      await controller.caughtUp();
    };

    beforeAll(async () => {
      if (provider.kind !== 'ingress') installDefinitions();
      rig = await openRouterRig(image());
      controller = await startRouteController(rig.namespace, provider);
    });
    afterAll(async () => {
      await controller[Symbol.asyncDispose]();
      await rig[Symbol.asyncDispose]();
    });
    beforeEach(async () => {
      if (before !== undefined) await open().restore(pair);
      // What a test before has applied, with a resource version in it, would keep kubectl from applying it again.
      rig.kubectl('delete', provider.kind, provider.name, '--ignore-not-found');
      rig.apply({ ...object, metadata: { name: provider.name } });
      before = specNow();
      await controller.caughtUp();
    });

    test('and knows the Services that it names', async () => {
      expect(await open().services(null)).toContain('shop');
      expect(await open().services({ ...object, metadata: { name: provider.name } })).toContain('shop');
    });

    test('and is rehearsed without any change', async () => {
      const wanted = [traffic({ percent: 50 }), ...(can.mirror ? [traffic({ mirrorPercent: 10 })] : [])];
      await open().rehearse(pair, wanted, null);
      await open().rehearse(pair, wanted, { ...object, metadata: { name: provider.name } });
      expect(specNow()).toEqual(before);
      expect((await open().read(pair)).traffic).toEqual(traffic({}));
    });

    test.each([10, 50, 100])('so that users get %i of 100 answers from the new version', async (percent) => {
      await give(traffic({ percent }));
      expect(await open().read(pair)).toEqual({ traffic: traffic({ percent }), unsettled: null });
      const { shares } = await observe(controller);
      expect(Math.abs((shares['v2'] ?? 0) - percent)).toBeLessThanOrEqual(byChance(percent, requests));
      await give(traffic({ percent }));
      expect((await open().read(pair)).traffic).toEqual(traffic({ percent }));
    });

    const conditions = [
      { kind: 'header', name: 'x-canary', value: 'Yes', request: { headers: { 'x-canary': 'Yes' } } },
      {
        kind: 'cookie',
        name: 'group',
        value: cookieValue,
        request: { headers: { cookie: `a=1; group=${cookieValue}; c=2` } },
      },
      { kind: 'query', name: 'group', value: 'b', request: { query: '?page=2&group=b' } },
    ] as const;

    test.each(conditions.filter(({ kind }) => can.match.includes(kind)))(
      'so that requests with a $kind go to the new version, beside a weight and without one',
      async ({ request, ...match }) => {
        await give(traffic({ match: [match] }));
        expect((await open().read(pair)).traffic).toEqual(traffic({ match: [match] }));
        expect((await observe(controller, request, 100)).shares).toEqual({ v2: 100 });
        expect((await observe(controller, {}, 100)).shares).toEqual({ v1: 100 });
        await give(traffic({ percent: 30, match: [match] }));
        expect((await open().read(pair)).traffic).toEqual(traffic({ percent: 30, match: [match] }));
        expect((await observe(controller, request, 100)).shares).toEqual({ v2: 100 });
        const { shares } = await observe(controller, {}, 400);
        expect(Math.abs((shares['v2'] ?? 0) - 30)).toBeLessThan(byChance(30, 400));
      },
    );

    const copying = 'so that the new version gets copies, and users none of its answers';
    const copyingHere = can.mirror ? copying : `${copying} (skipped: it cannot send copies of some requests)`;
    test.runIf(can.mirror)(copyingHere, async () => {
      await give(traffic({ mirrorPercent: 40 }));
      expect((await open().read(pair)).traffic).toEqual(traffic({ mirrorPercent: 40 }));
      const [old, fresh] = [await rig.answered('v1'), await rig.answered('v2')];
      expect((await observe(controller)).shares).toEqual({ v1: 100 });
      await expect.poll(async () => (await rig.answered('v1')) - old).toBe(requests);
      const copies = (100 * ((await rig.answered('v2')) - fresh)) / requests;
      expect(Math.abs(copies - 40)).toBeLessThan(byChance(40, requests));
    });

    test('and is exactly as before when it is restored, also by another process', async () => {
      await give(traffic({ percent: 20 }));
      await give(traffic({ percent: 70, ...(can.mirror ? { mirrorPercent: 10 } : {}) }));
      await open().restore(pair);
      expect(specNow()).toEqual(before);
      const { metadata } = JSON.parse(rig.kubectl('get', `${object.kind}/${provider.name}`, '-o', 'json'));
      expect(JSON.stringify(metadata.annotations ?? {})).not.toContain('sluice.dev');
      await open().restore(pair);
      await controller.caughtUp();
      expect((await observe(controller, {}, 100)).shares).toEqual({ v1: 100 });
    });

    test('and keeps what somebody else changes meanwhile', async () => {
      await give(traffic({ percent: 20 }));
      const live = JSON.parse(rig.kubectl('get', `${object.kind}/${provider.name}`, '-o', 'json'));
      const spec = { ...live.spec, ...routed.changedElsewhere };
      rig.apply({ ...live, spec });
      await give(traffic({ percent: 60 }));
      await open().restore(pair);
      expect(specNow()).toEqual({ ...(before as object), ...routed.changedElsewhere });
    });

    test('and says what is missing', async () => {
      await expect(rig.router({ ...provider, name: 'none' }).services(null)).rejects.toMatchObject({
        reason: 'route-missing',
        message: expect.stringContaining('manifests'),
      });
    });
  });

  interface Request {
    readonly headers?: Readonly<Record<string, string>>;
    readonly query?: string;
  }

  /** Percent of the answers, by version. */
  async function observe(
    { port }: RouteControllerRig,
    { headers = {}, query = '' }: Request = {},
    count = requests,
  ): Promise<{ readonly shares: Readonly<Record<string, number>> }> {
    const counts: Record<string, number> = {};
    let left = count;
    const client = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        const answer = await fetch(`http://127.0.0.1:${port}/${query}`, { headers });
        const version = answer.ok ? await answer.text() : `status ${answer.status}`;
        counts[version] = (counts[version] ?? 0) + 1;
      }
    };
    await Promise.all(Array.from({ length: 20 }, client));
    return {
      shares: Object.fromEntries(Object.entries(counts).map(([name, each]) => [name, (100 * each) / count])),
    };
  }
}
