import type { TrafficProvider } from '@sluice/pipelines/language/definition';
import type { RouterAbilities } from '@sluice/pipelines/rollout/rollout-state';
import type { KubeClient } from '../kube-client.ts';
import { mark } from '../marks.ts';
import { replicaAbilities } from '../workload-facts.ts';
import type { Release } from '../workload.ts';
import { editedObject } from './edited-object.ts';
import { httpRouteRules } from './http-route-rules.ts';
import { ingressAbilities, ingressRouter } from './ingress-router.ts';
import type { TrafficRouter } from './traffic-router.ts';
import { virtualServiceRules } from './virtual-service-rules.ts';

interface RouterKind {
  readonly can: RouterAbilities;
  readonly open: (client: KubeClient, name: string, release: Release) => TrafficRouter;
}

const routers = {
  httproute: {
    can: httpRouteRules.can,
    open: (client, name) => editedObject(client, httpRouteRules, name),
  },
  virtualservice: {
    can: virtualServiceRules.can,
    open: (client, name) => editedObject(client, virtualServiceRules, name),
  },
  ingress: {
    can: ingressAbilities,
    open: (client, name, { installation, environment }) =>
      ingressRouter(client, name, {
        [mark.installation]: installation,
        [mark.environment]: environment,
      }),
  },
} satisfies Record<TrafficProvider['kind'], RouterKind>;

export function openRouter(client: KubeClient, provider: TrafficProvider, release: Release): TrafficRouter {
  return routers[provider.kind].open(client, provider.name, release);
}

export const abilitiesOf = (provider: TrafficProvider | undefined): RouterAbilities =>
  provider === undefined ? replicaAbilities : routers[provider.kind].can;

/** Whether an object of the manifests is the one that the provider names. */
export function isRouteObject(
  { kind, metadata }: { readonly kind: string; readonly metadata: { readonly name: string } },
  provider: TrafficProvider,
): boolean {
  return kind.toLowerCase() === provider.kind && metadata.name === provider.name;
}

/** `httproute/shop`, as the language writes it. */
export const providerText = ({ kind, name }: TrafficProvider): string => `${kind}/${name}`;

export function parseProvider(text: string): TrafficProvider | null {
  const at = text.indexOf('/');
  const kind = kinds.find((each) => each === text.slice(0, at));
  return kind === undefined ? null : { kind, name: text.slice(at + 1) };
}

const kinds = [
  'httproute',
  'virtualservice',
  'ingress',
] as const satisfies readonly TrafficProvider['kind'][];
