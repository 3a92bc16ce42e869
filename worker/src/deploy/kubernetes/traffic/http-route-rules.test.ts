import { describe, expect, test } from 'vitest';
import type { Traffic } from '@sluice/pipelines/rollout/rollout-state';
import { httpRouteRules } from './http-route-rules.ts';

const pair = { stable: 'shop', canary: 'shop-canary' };
const traffic = (given: Partial<Traffic>): Traffic => ({ percent: 0, match: [], mirrorPercent: 0, ...given });
const header = { kind: 'header', name: 'X-Canary', value: '1' } as const;
const query = { kind: 'query', name: 'group', value: 'b' } as const;

const shop = { group: '', kind: 'Service', name: 'shop', port: 80, weight: 1 };
const route = httpRouteRules.rules.parse([
  { name: 'files', matches: [{ path: { value: '/static' } }], backendRefs: [{ name: 'files', port: 80 }] },
  {
    name: 'all',
    matches: [{ path: { value: '/' } }, { path: { value: '/' }, headers: [{ name: 'x-old', value: '1' }] }],
    filters: [{ type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'a', value: 'b' }] } }],
    backendRefs: [shop],
    timeouts: { request: '3s' },
  },
]);
const given = (wanted: Partial<Traffic>) => httpRouteRules.withTraffic(route, pair, traffic(wanted));

describe('the rules of an HTTPRoute', () => {
  test('give a share by weights, and nothing else of them changes', () => {
    const [files, all, ...others] = given({ percent: 5 });
    expect(others).toEqual([]);
    expect(files).toBe(route[0]);
    expect(all).toEqual({
      ...route[1],
      backendRefs: [
        { ...shop, weight: 95 },
        { ...shop, name: 'shop-canary', weight: 5 },
      ],
    });
  });

  test('keep what other Services had beside ours', () => {
    const beside = [{ backendRefs: [{ name: 'shop', weight: 3 }, { name: 'other' }] }];
    const shared = httpRouteRules.withTraffic(beside, pair, traffic({ percent: 10 }));
    expect(shared[0]?.backendRefs?.map(({ weight }) => weight)).toEqual([270, 30, 100]);
    expect(httpRouteRules.trafficOf(shared, pair).percent).toBe(10);
    const joined = httpRouteRules.without(shared, pair);
    expect(joined[0]?.backendRefs?.map(({ weight }) => weight)).toEqual([3, 1]);
  });

  test('choose requests by a rule before the one that it narrows', () => {
    const [, chosen, all] = given({ match: [header, query] });
    expect(chosen).toMatchObject({
      matches: [
        {
          path: { value: '/' },
          headers: [{ name: 'X-Canary', value: '1' }],
          queryParams: [{ name: 'group' }],
        },
        { path: { value: '/' }, headers: [{ name: 'x-old' }, { name: 'X-Canary' }] },
      ],
      backendRefs: [{ name: 'shop-canary', port: 80 }],
      timeouts: { request: '3s' },
    });
    expect(chosen).not.toHaveProperty('name');
    expect(all?.backendRefs?.map(({ weight }) => weight)).toEqual([100, 0]);
  });

  test('mirror to the new version by percent, and without one where it is all of them', () => {
    const filterOf = (percent: number) => given({ mirrorPercent: percent })[1]?.filters?.at(-1);
    const backendRef = { name: 'shop-canary', port: 80 };
    expect(filterOf(7)).toEqual({ type: 'RequestMirror', requestMirror: { backendRef, percent: 7 } });
    expect(filterOf(100)).toEqual({ type: 'RequestMirror', requestMirror: { backendRef } });
  });

  test.each<Partial<Traffic>>([
    { percent: 1 },
    { percent: 100 },
    { match: [header] },
    { percent: 30, match: [header, query], mirrorPercent: 12 },
    { mirrorPercent: 100 },
  ])('are read back as they were given, and can be taken back: %j', (wanted) => {
    const rules = given(wanted);
    expect(httpRouteRules.trafficOf(rules, pair)).toEqual(traffic(wanted));
    expect(httpRouteRules.without(rules, pair)).toEqual(route);
    expect(httpRouteRules.trafficOf(route, pair)).toEqual(traffic({}));
  });

  test('cannot ask for the same header twice', () => {
    const twice = traffic({ match: [{ kind: 'header', name: 'X-Old', value: '2' }] });
    expect(() => httpRouteRules.withTraffic(route, pair, twice)).toThrow(/already has a condition on x-old/);
  });

  test('name Services of their own namespace only', () => {
    const refs = [
      { name: 'shop' },
      { name: 'far', namespace: 'elsewhere' },
      { name: 'near', namespace: 'here' },
      { name: 'bucket', group: 'storage.example.com', kind: 'Bucket' },
    ];
    expect(httpRouteRules.servicesOf([{ backendRefs: refs }], 'here')).toEqual(['shop', 'near']);
  });

  test.each([
    [2, [], /^settled$/],
    [2, [{ type: 'Accepted', status: 'True', observedGeneration: 2 }], /^settled$/],
    [2, [{ type: 'Accepted', status: 'True', observedGeneration: 1 }], /not seen the change/],
    [2, [{ type: 'ResolvedRefs', status: 'False', message: 'no such Service' }], /no such Service/],
  ])('of generation %i with %j', (generation, conditions, expected) => {
    const object = {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { name: 'shop', generation },
      status: { parents: [{ conditions }] },
    };
    expect(httpRouteRules.unsettled(object) ?? 'settled').toMatch(expected);
  });
});
