// The HTTP routes of an Istio VirtualService, and what of them is ours. Pure.
//
// A route to the Service is split between both Services; copies of it with further conditions stand before it and
// name the new version's alone. Weights are percents that add up to 100, so a destination's own weight is divided.
import { z } from 'zod';
import type { RequestMatch, Traffic } from '@sluice/pipelines/rollout/rollout-state';
import type { RuleFormat } from './edited-object.ts';
import { cannotSay } from './router-problems.ts';
import type { ServicePair } from './traffic-router.ts';

const destination = z.looseObject({ host: z.string(), subset: z.string().optional() });
const weighted = z.looseObject({ destination, weight: z.number().min(0).optional() });
const stringMatch = z.looseObject({ exact: z.string().optional(), regex: z.string().optional() });
const requestMatch = z.looseObject({
  headers: z.record(z.string(), stringMatch).optional(),
  queryParams: z.record(z.string(), stringMatch).optional(),
});
const httpRoute = z.looseObject({
  name: z.string().optional(),
  match: z.array(requestMatch).optional(),
  route: z.array(weighted).optional(),
  mirror: destination.optional(),
  mirrors: z.array(z.unknown()).optional(),
  mirrorPercentage: z.looseObject({ value: z.number().optional() }).optional(),
});
type HttpRoute = z.infer<typeof httpRoute>;
type Weighted = z.infer<typeof weighted>;
type IstioMatch = z.infer<typeof requestMatch>;

export const virtualServiceRules: RuleFormat<readonly HttpRoute[]> = {
  kind: 'VirtualService',
  apiVersions: ['networking.istio.io/v1', 'networking.istio.io/v1beta1', 'networking.istio.io/v1alpha3'],
  can: { router: 'virtualservice', match: ['header', 'cookie', 'query'], mirror: true },
  comesWith: 'Istio',
  key: 'http',
  rules: z.array(httpRoute),
  servicesOf: (routes, namespace) => [
    ...new Set(
      routes
        .flatMap(({ route = [] }) => route)
        .flatMap(({ destination: { host } }) => serviceOf(host, namespace)),
    ),
  ],
  without: (routes, pair) =>
    routes.filter((each) => !isChosenRoute(each, pair)).map((each) => joined(each, pair)),
  withTraffic: (routes, pair, wanted) =>
    routes.flatMap((each) => {
      if (!names(each, pair.stable)) return [each];
      const shared = split(each, pair, wanted);
      return wanted.match.length === 0 ? [shared] : [chosenRoute(each, pair, wanted.match), shared];
    }),
  trafficOf,
  unsettled: () => null,
};

/** `shop`, `shop.production` and `shop.production.svc.cluster.local` are the same Service in that namespace. */
function serviceOf(host: string, namespace: string): readonly string[] {
  const [name = '', space = namespace, third = 'svc'] = host.split('.');
  return space === namespace && third === 'svc' ? [name] : [];
}

const isTo = ({ destination: { host } }: Weighted, service: string): boolean =>
  host.split('.')[0] === service;
const names = ({ route = [] }: HttpRoute, service: string): boolean =>
  route.some((each) => isTo(each, service));

function isChosenRoute({ route = [] }: HttpRoute, { canary }: ServicePair): boolean {
  return route.length > 0 && route.every((each) => isTo(each, canary));
}

/** Without a subset: those are defined for a host, and nobody has defined one for this. */
function canaryOf({ destination: { subset: _subset, ...rest } }: Weighted, { canary }: ServicePair) {
  return { ...rest, host: [canary, ...rest.host.split('.').slice(1)].join('.') };
}

/** The only destination of a route has all of it, however it is written. */
const weightOf = ({ weight }: Weighted, all: readonly Weighted[]): number =>
  all.length === 1 ? 100 : (weight ?? 0);

function split(from: HttpRoute, pair: ServicePair, { percent, mirrorPercent }: Traffic): HttpRoute {
  const all = from.route ?? [];
  const route = all.flatMap((each) => {
    if (!isTo(each, pair.stable)) return [each];
    const weight = weightOf(each, all);
    const given = Math.round((weight * percent) / 100);
    return [
      { ...each, weight: weight - given },
      { ...each, destination: canaryOf(each, pair), weight: given },
    ];
  });
  if (mirrorPercent === 0) return { ...from, route };
  if (from.mirror !== undefined || (from.mirrors ?? []).length > 0) {
    throw cannotSay('The VirtualService', 'one of its routes already has a mirror');
  }
  const own = all.find((each) => isTo(each, pair.stable));
  if (own === undefined) return { ...from, route };
  return { ...from, route, mirror: canaryOf(own, pair), mirrorPercentage: { value: mirrorPercent } };
}

/** The opposite of `split`; a route that names nothing of the new version stays as it is. */
function joined(from: HttpRoute, pair: ServicePair): HttpRoute {
  const bare = unmirrored(from, pair);
  if (!names(from, pair.canary)) return bare;
  const all = from.route ?? [];
  const route = all.flatMap((each, index) => {
    if (isTo(each, pair.canary)) return [];
    const next = all[index + 1];
    const given = isTo(each, pair.stable) && next !== undefined && isTo(next, pair.canary) ? next.weight : 0;
    return [given === 0 ? each : { ...each, weight: (each.weight ?? 0) + (given ?? 0) }];
  });
  return { ...bare, route };
}

function unmirrored(from: HttpRoute, { canary }: ServicePair): HttpRoute {
  if (from.mirror === undefined || from.mirror.host.split('.')[0] !== canary) return from;
  const { mirror: _mirror, mirrorPercentage: _share, ...rest } = from;
  return rest;
}

function chosenRoute(from: HttpRoute, pair: ServicePair, match: readonly RequestMatch[]): HttpRoute {
  const all = from.route ?? [];
  const own = all.find((each) => isTo(each, pair.stable));
  const route = own === undefined ? [] : [{ ...own, destination: canaryOf(own, pair), weight: 100 }];
  return { ...from, match: (from.match ?? [{}]).map((each) => narrowed(each, match)), route };
}

function narrowed(from: IstioMatch, match: readonly RequestMatch[]): IstioMatch {
  return match.reduce<IstioMatch>((narrower, { kind, name, value }) => {
    switch (kind) {
      case 'header':
        return { ...narrower, headers: added(narrower.headers, name.toLowerCase(), { exact: value }) };
      case 'cookie':
        return {
          ...narrower,
          headers: added(narrower.headers, 'cookie', { regex: cookieRegex(name, value) }),
        };
      case 'query':
        return { ...narrower, queryParams: added(narrower.queryParams, name, { exact: value }) };
    }
  }, from);
}

function added(
  conditions: IstioMatch['headers'] = {},
  name: string,
  condition: z.infer<typeof stringMatch>,
): NonNullable<IstioMatch['headers']> {
  if (Object.hasOwn(conditions, name)) {
    throw cannotSay(
      'The VirtualService',
      `there can be one condition on ${name} only, and there is one already`,
    );
  }
  return { ...conditions, [name]: condition };
}

// Istio matches the whole header with RE2.
const [cookieBegin, cookieEnd] = ['^(.*;)?\\s*', '\\s*(;.*)?$'];
const cookieRegex = (name: string, value: string): string =>
  `${cookieBegin}${`${name}=${value}`.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}${cookieEnd}`;

function readCookie(regex: string): RequestMatch | null {
  if (!regex.startsWith(cookieBegin) || !regex.endsWith(cookieEnd)) return null;
  const pair = regex.slice(cookieBegin.length, -cookieEnd.length).replaceAll(/\\(.)/g, '$1');
  const at = pair.indexOf('=');
  return { kind: 'cookie', name: pair.slice(0, at), value: pair.slice(at + 1) };
}

function trafficOf(routes: readonly HttpRoute[], pair: ServicePair): Traffic {
  const ours = routes.filter((each) => names(each, pair.stable));
  const shares = ours.flatMap(({ route = [] }) => {
    const weight = (service: string): number =>
      route.filter((each) => isTo(each, service)).reduce((sum, each) => sum + weightOf(each, route), 0);
    const all = weight(pair.stable) + weight(pair.canary);
    return all === 0 ? [] : [(100 * weight(pair.canary)) / all];
  });
  const mirrors = ours
    .filter(({ mirror }) => mirror?.host.split('.')[0] === pair.canary)
    .map(({ mirrorPercentage }) => mirrorPercentage?.value ?? 100);
  return {
    percent: shares.length === 0 ? 0 : shares.reduce((sum, each) => sum + each, 0) / shares.length,
    match: chosenBy(routes, pair),
    mirrorPercent: Math.max(0, ...mirrors),
  };
}

/** What the first route of ours demands beyond the route that it was made from, which stands behind it. */
function chosenBy(routes: readonly HttpRoute[], pair: ServicePair): readonly RequestMatch[] {
  const index = routes.findIndex((each) => isChosenRoute(each, pair));
  if (index === -1) return [];
  const [own] = routes[index]?.match ?? [];
  const [base] = routes.slice(index).find((each) => names(each, pair.stable))?.match ?? [];
  const headers = Object.entries(own?.headers ?? {})
    .filter(([name]) => !Object.hasOwn(base?.headers ?? {}, name))
    .flatMap(([name, { exact, regex }]): readonly RequestMatch[] => {
      const cookie = name === 'cookie' && regex !== undefined ? readCookie(regex) : null;
      return cookie === null ? [{ kind: 'header', name, value: exact ?? regex ?? '' }] : [cookie];
    });
  const queryParams = Object.entries(own?.queryParams ?? {})
    .filter(([name]) => !Object.hasOwn(base?.queryParams ?? {}, name))
    .map(([name, { exact, regex }]): RequestMatch => ({ kind: 'query', name, value: exact ?? regex ?? '' }));
  return [...headers, ...queryParams];
}
