import Docker from 'dockerode';
import { afterAll, beforeAll, describe } from 'vitest';
import { buildTestImages, type TestImages } from '../../test-service.ts';
import { abilitiesOf } from './choose-router.ts';
import { missingForRoutes } from './router-rig.ts';
import { trafficRouterContract, type RoutedObject } from './traffic-router.contract.ts';

const httpRoute: RoutedObject = {
  provider: { kind: 'httproute', name: 'shop' },
  can: abilitiesOf({ kind: 'httproute', name: 'shop' }),
  cookieValue: 'b.1',
  object: {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    spec: {
      parentRefs: [{ name: 'web' }],
      hostnames: ['shop.example.com'],
      rules: [
        {
          matches: [{ path: { type: 'PathPrefix', value: '/static' } }],
          backendRefs: [{ name: 'files', port: 80 }],
        },
        { name: 'all', backendRefs: [{ name: 'shop', port: 80 }], timeouts: { request: '3s' } },
      ],
    },
  },
  changedElsewhere: { hostnames: ['shop.example.com', 'www.example.com'] },
};

const virtualService: RoutedObject = {
  provider: { kind: 'virtualservice', name: 'shop' },
  can: abilitiesOf({ kind: 'virtualservice', name: 'shop' }),
  cookieValue: 'b.1',
  object: {
    apiVersion: 'networking.istio.io/v1beta1',
    kind: 'VirtualService',
    spec: {
      hosts: ['shop.example.com'],
      gateways: ['web'],
      http: [
        { match: [{ uri: { prefix: '/static' } }], route: [{ destination: { host: 'files' } }] },
        { route: [{ destination: { host: 'shop', port: { number: 80 } } }], timeout: '3s' },
      ],
    },
  },
  changedElsewhere: { gateways: ['web', 'mesh'] },
};

const ingress: RoutedObject = {
  provider: { kind: 'ingress', name: 'shop' },
  can: abilitiesOf({ kind: 'ingress', name: 'shop' }),
  cookieValue: 'always',
  object: {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    spec: {
      rules: [
        {
          host: 'shop.example.com',
          http: {
            paths: [
              { path: '/', pathType: 'Prefix', backend: { service: { name: 'shop', port: { number: 80 } } } },
            ],
          },
        },
      ],
    },
  },
  changedElsewhere: { ingressClassName: 'nginx' },
};

describe.skipIf(missingForRoutes('ingress') !== null)('routers on Kubernetes (need nginx)', () => {
  let images: TestImages;
  beforeAll(async () => {
    images = await buildTestImages(new Docker());
  });
  afterAll(async () => {
    await images[Symbol.asyncDispose]();
  });
  for (const routed of [httpRoute, virtualService, ingress]) {
    const isMissing = missingForRoutes(routed.provider.kind) !== null;
    describe.skipIf(isMissing)(routed.provider.kind, () => {
      trafficRouterContract(routed, () => images.good);
    });
  }
});
