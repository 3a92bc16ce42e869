// ingress-nginx shares traffic by a second Ingress with annotations beside the first, which stays as it is. Pure.
import { z } from 'zod';
import type { RequestMatch, Traffic } from '@sluice/pipelines/rollout/rollout-state';
import { kubeObject, type KubeObject } from '../kube-objects.ts';
import { mark } from '../marks.ts';
import { cannotSay } from './router-problems.ts';
import type { ServicePair } from './traffic-router.ts';

const backend = z.looseObject({ service: z.looseObject({ name: z.string() }).optional() });
const path = z.looseObject({ backend });
const rule = z.looseObject({ http: z.looseObject({ paths: z.array(path) }).optional() });
export const ingress = kubeObject.extend({
  spec: z.looseObject({
    ingressClassName: z.string().optional(),
    defaultBackend: backend.optional(),
    rules: z.array(rule).optional(),
  }),
});
export type Ingress = z.infer<typeof ingress>;
type Backend = z.infer<typeof backend>;

export const canaryIngressName = (name: string): string => `${name}-canary`;

export function servicesOfIngress({ spec }: Ingress): readonly string[] {
  const backends = [
    ...(spec.defaultBackend === undefined ? [] : [spec.defaultBackend]),
    ...(spec.rules ?? []).flatMap(({ http }) => http?.paths ?? []).map((each) => each.backend),
  ];
  return [...new Set(backends.flatMap(({ service }) => service?.name ?? []))];
}

const prefix = 'nginx.ingress.kubernetes.io';
const key = {
  canary: `${prefix}/canary`,
  weight: `${prefix}/canary-weight`,
  total: `${prefix}/canary-weight-total`,
  header: `${prefix}/canary-by-header`,
  value: `${prefix}/canary-by-header-value`,
  cookie: `${prefix}/canary-by-cookie`,
} as const;
const classAnnotation = 'kubernetes.io/ingress.class';

/** The second Ingress: the hosts and paths that go to the Service, with the shares in annotations. */
export function canaryIngress(
  from: Ingress,
  pair: ServicePair,
  wanted: Traffic,
  labels: Readonly<Record<string, string>>,
): KubeObject {
  const { annotations = {}, name } = from.metadata;
  const { ingressClassName, defaultBackend, rules = [] } = from.spec;
  const className = annotations[classAnnotation];
  const isOurs = ({ service }: Backend): boolean => service?.name === pair.stable;
  const own = (each: Backend): Backend => ({ ...each, service: { ...each.service, name: pair.canary } });
  const ownRules = rules.flatMap(({ http, ...rest }) => {
    const paths = (http?.paths ?? []).filter((each) => isOurs(each.backend));
    if (paths.length === 0) return [];
    return [{ ...rest, http: { paths: paths.map((each) => ({ ...each, backend: own(each.backend) })) } }];
  });
  return {
    apiVersion: from.apiVersion,
    kind: from.kind,
    metadata: {
      name: canaryIngressName(name),
      labels: { ...labels, [mark.track]: 'canary' },
      annotations: {
        [key.canary]: 'true',
        [key.weight]: String(Math.round(wanted.percent)),
        ...chosenBy(wanted.match),
        ...(className === undefined ? {} : { [classAnnotation]: className }),
      },
    },
    spec: {
      ...(ingressClassName === undefined ? {} : { ingressClassName }),
      ...(defaultBackend !== undefined && isOurs(defaultBackend)
        ? { defaultBackend: own(defaultBackend) }
        : {}),
      ...(ownRules.length === 0 ? {} : { rules: ownRules }),
    },
  };
}

function chosenBy(match: readonly RequestMatch[]): Readonly<Record<string, string>> {
  const [only] = match;
  if (only === undefined) return {};
  if (match.length > 1 || only.kind === 'query') {
    throw cannotSay('The Ingress', 'ingress-nginx can choose requests by one header or by one cookie only');
  }
  if (only.kind === 'cookie') {
    if (only.value === cookieValue) return { [key.cookie]: only.name };
    const why = `ingress-nginx knows one value of a cookie only: ${only.name}: ${cookieValue}, not ${only.value}`;
    throw cannotSay('The Ingress', why);
  }
  if (!allowedValue.test(only.value)) {
    const why = `ingress-nginx allows only letters, digits and -/._~: in the value of a header, not ${only.value}`;
    throw cannotSay('The Ingress', why);
  }
  return { [key.header]: only.name, [key.value]: only.value };
}

/** Whoever has `never` gets the old version, whatever the weight is. */
const cookieValue = 'always';

/** Anything else in an annotation makes its controller leave the whole Ingress out. */
const allowedValue = /^[-/A-Za-z0-9._~:]+$/;

/** What the second Ingress says; null: there is none. */
export function trafficOfIngress(canary: KubeObject | null): Traffic {
  const annotations = canary?.metadata.annotations ?? {};
  const isOn = annotations[key.canary] === 'true';
  const weight = Number(annotations[key.weight] ?? 0);
  const total = Number(annotations[key.total] ?? 100);
  return {
    percent: isOn && total > 0 ? (100 * weight) / total : 0,
    match: isOn ? matchOf(annotations) : [],
    mirrorPercent: 0,
  };
}

function matchOf(annotations: Readonly<Record<string, string>>): readonly RequestMatch[] {
  const [header, value, cookie] = [annotations[key.header], annotations[key.value], annotations[key.cookie]];
  return [
    ...(header !== undefined && value !== undefined
      ? [{ kind: 'header', name: header, value } as const]
      : []),
    ...(cookie === undefined ? [] : [{ kind: 'cookie', name: cookie, value: cookieValue } as const]),
  ];
}
