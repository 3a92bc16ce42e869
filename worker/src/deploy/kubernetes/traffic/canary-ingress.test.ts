import { describe, expect, test } from 'vitest';
import type { Traffic } from '@sluice/pipelines/rollout/rollout-state';
import { canaryIngress, ingress, servicesOfIngress, trafficOfIngress } from './canary-ingress.ts';

const pair = { stable: 'shop', canary: 'shop-canary' };
const traffic = (given: Partial<Traffic>): Traffic => ({ percent: 0, match: [], mirrorPercent: 0, ...given });
const header = { kind: 'header', name: 'X-Canary', value: 'yes' } as const;
const cookie = { kind: 'cookie', name: 'canary', value: 'always' } as const;
const to = (name: string) => ({ service: { name, port: { number: 80 } } });
const base = ingress.parse({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: {
    name: 'web',
    annotations: {
      'kubernetes.io/ingress.class': 'nginx',
      'nginx.ingress.kubernetes.io/proxy-body-size': '1m',
    },
  },
  spec: {
    tls: [{ hosts: ['shop.example.com'] }],
    rules: [
      {
        host: 'shop.example.com',
        http: {
          paths: [
            { path: '/static', pathType: 'Prefix', backend: to('files') },
            { path: '/', pathType: 'Prefix', backend: to('shop') },
          ],
        },
      },
      {
        host: 'files.example.com',
        http: { paths: [{ path: '/', pathType: 'Prefix', backend: to('files') }] },
      },
    ],
  },
});
const made = (wanted: Partial<Traffic>) => canaryIngress(base, pair, traffic(wanted), { sluice: 'i1' });

describe('the Ingress of a canary', () => {
  test('has the class, the hosts and the paths of the Service, and no other', () => {
    expect(made({ percent: 10 })).toMatchObject({
      metadata: { name: 'web-canary', labels: { sluice: 'i1' } },
      spec: {
        rules: [{ host: 'shop.example.com', http: { paths: [{ path: '/', backend: to('shop-canary') }] } }],
      },
    });
    expect(made({ percent: 10 }).metadata.annotations).toEqual({
      'kubernetes.io/ingress.class': 'nginx',
      'nginx.ingress.kubernetes.io/canary': 'true',
      'nginx.ingress.kubernetes.io/canary-weight': '10',
    });
  });

  test.each<Partial<Traffic>>([
    { percent: 1 },
    { percent: 100 },
    { match: [header] },
    { percent: 5, match: [header] },
    { percent: 5, match: [cookie] },
  ])('is read back as it was made: %j', (wanted) => {
    expect(trafficOfIngress(made(wanted))).toEqual(traffic(wanted));
    expect(trafficOfIngress(null)).toEqual(traffic({}));
  });

  test.each([
    [[header, header], /one header or by one cookie only/],
    [[header, cookie], /one header or by one cookie only/],
    [[{ ...header, kind: 'query' as const }], /one header or by one cookie only/],
    [[{ ...cookie, value: 'b' }], /one value of a cookie only: canary: always, not b/],
    [[{ ...header, value: 'a, b' }], /only letters, digits/],
  ])('cannot choose by %j', (match, message) => {
    expect(() => made({ match })).toThrow(message);
  });

  test('of an Ingress that sends everything to the Service', () => {
    const plain = ingress.parse({ ...base, spec: { ingressClassName: 'nginx', defaultBackend: to('shop') } });
    const canary = canaryIngress(plain, pair, traffic({ percent: 3 }), {});
    expect(canary).toMatchObject({ spec: { ingressClassName: 'nginx', defaultBackend: to('shop-canary') } });
    expect(servicesOfIngress(base)).toEqual(['files', 'shop']);
    expect(servicesOfIngress(plain)).toEqual(['shop']);
  });
});
