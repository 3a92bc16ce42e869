// Pods of a namespace behind a route, whose weights, conditions and copies a real proxy carries out.
import { abilitiesOf } from '../../worker/src/deploy/kubernetes/traffic/choose-router.ts';
import { installDefinitions } from '../../worker/src/deploy/kubernetes/traffic/definitions-rig.ts';
import { startRouteController } from '../../worker/src/deploy/kubernetes/traffic/route-controller-rig.ts';
import { aNamespace } from '../rig/kubernetes.ts';
import { clusterMetrics, clusterManifests } from './cluster-service.ts';
import { port, type Place } from './place.ts';

export const routeKinds = ['httproute', 'ingress', 'virtualservice'] as const;
type RouteKind = (typeof routeKinds)[number];

export async function routePlace(kind: RouteKind, prometheusUrl: string): Promise<Place> {
  if (kind !== 'ingress') installDefinitions();
  const provider = { kind, name: 'trial' };
  const can = abilitiesOf(provider);
  const namespace = aNamespace('sluice-trials', port);
  const controller = await startRouteController(namespace.name, provider);
  return {
    provider: kind,
    environment: { kind: 'kubernetes', namespace: namespace.name, kubeconfigSecret: null, prometheusUrl },
    deployKeys: ['manifests: k8s/'],
    gateKeys: [...clusterMetrics, `traffic: ${kind}/trial`],
    files: { 'k8s/service.yml': `${clusterManifests('ClusterIP')}---\n${routes[kind]}` },
    weights: [5, 25, 50],
    strategies: [
      ...(can.match.includes('header') ? (['ab'] as const) : []),
      ...(can.mirror ? (['shadow'] as const) : []),
    ],
    seesSlowness: true,
    address: () => `http://127.0.0.1:${controller.port}/`,
    keepAlive: true,
    [Symbol.asyncDispose]: async () => {
      await controller[Symbol.asyncDispose]();
      await namespace[Symbol.asyncDispose]();
    },
  };
}

const routes: Readonly<Record<RouteKind, string>> = {
  httproute: `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: trial }
spec:
  parentRefs: [{ name: web }]
  rules:
    - matches: [{ path: { type: PathPrefix, value: / } }]
      backendRefs: [{ name: trial, port: 80 }]
`,
  ingress: `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: trial }
spec:
  rules:
    - http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: trial, port: { number: 80 } } } }] }
`,
  virtualservice: `apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata: { name: trial }
spec:
  hosts: [trial.example.com]
  http:
    - route: [{ destination: { host: trial, port: { number: 80 } } }]
`,
};
