import { describe, expect, test } from 'vitest';
import type { Traffic } from '@sluice/pipelines/rollout/rollout-state';
import { virtualServiceRules } from './virtual-service-rules.ts';

const pair = { stable: 'shop', canary: 'shop-canary' };
const traffic = (given: Partial<Traffic>): Traffic => ({ percent: 0, match: [], mirrorPercent: 0, ...given });
const header = { kind: 'header', name: 'x-canary', value: '1' } as const;
const cookie = { kind: 'cookie', name: 'group', value: 'b.(1)' } as const;
const query = { kind: 'query', name: 'group', value: 'b' } as const;

const host = 'shop.store.svc.cluster.local';
const routes = virtualServiceRules.rules.parse([
  { match: [{ uri: { prefix: '/static' } }], route: [{ destination: { host: 'files' } }] },
  {
    name: 'all',
    match: [{ uri: { prefix: '/' } }],
    route: [{ destination: { host, subset: 'v1', port: { number: 80 } }, weight: 100 }],
    timeout: '3s',
  },
]);
const given = (wanted: Partial<Traffic>) => virtualServiceRules.withTraffic(routes, pair, traffic(wanted));

describe('the routes of a VirtualService', () => {
  test('give a share by percents that add up, to the host in the same spelling and without its subset', () => {
    const [files, all] = given({ percent: 5 });
    expect(files).toBe(routes[0]);
    expect(all).toEqual({
      ...routes[1],
      route: [
        { destination: { host, subset: 'v1', port: { number: 80 } }, weight: 95 },
        { destination: { host: 'shop-canary.store.svc.cluster.local', port: { number: 80 } }, weight: 5 },
      ],
    });
  });

  test('divide the share of a destination that is one of several', () => {
    const both = [
      {
        route: [
          { destination: { host: 'shop' }, weight: 40 },
          { destination: { host: 'old' }, weight: 60 },
        ],
      },
    ];
    const shared = virtualServiceRules.withTraffic(both, pair, traffic({ percent: 50 }));
    expect(shared[0]?.route?.map(({ weight }) => weight)).toEqual([20, 20, 60]);
    expect(virtualServiceRules.trafficOf(shared, pair).percent).toBe(50);
    expect(virtualServiceRules.without(shared, pair)).toEqual(both);
  });

  test.each<Partial<Traffic>>([
    { percent: 1 },
    { percent: 100 },
    { match: [header, cookie, query] },
    { percent: 30, match: [cookie], mirrorPercent: 12.5 },
  ])('are read back as they were given, and can be taken back: %j', (wanted) => {
    const changed = given(wanted);
    expect(virtualServiceRules.trafficOf(changed, pair)).toEqual(traffic(wanted));
    expect(virtualServiceRules.without(changed, pair)).toEqual(routes);
    expect(virtualServiceRules.trafficOf(routes, pair)).toEqual(traffic({}));
  });

  test('choose by a cookie among others, and by no other cookie', () => {
    const { regex = '' } = given({ match: [cookie] })[1]?.match?.[0]?.headers?.['cookie'] ?? {};
    const chosen = new RegExp(regex);
    for (const text of ['group=b.(1)', 'a=1; group=b.(1); c=2', 'a=1;group=b.(1)'])
      expect(text).toMatch(chosen);
    for (const text of ['group=b.(12)', 'agroup=b.(1)', 'group=bx(1)', 'x=group=b.(1)'])
      expect(text).not.toMatch(chosen);
  });

  test('refuse a second mirror, and a second condition on one header', () => {
    const mirrored = [{ ...routes[1], mirror: { host: 'audit' } }];
    const mirror = (): unknown =>
      virtualServiceRules.withTraffic(mirrored, pair, traffic({ mirrorPercent: 1 }));
    expect(mirror).toThrow(/already has a mirror/);
    expect(() => given({ match: [cookie, { ...cookie, name: 'b' }] })).toThrow(/one condition on cookie/);
  });

  test('name Services of their own namespace only', () => {
    const route = ['shop', 'near.here', 'nearer.here.svc.cluster.local', 'far.there', 'www.example.com'].map(
      (name) => ({ destination: { host: name } }),
    );
    expect(virtualServiceRules.servicesOf([{ route }], 'here')).toEqual(['shop', 'near', 'nearer']);
  });
});
