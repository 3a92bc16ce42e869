// The rules of a Gateway API HTTPRoute, and what of them is ours. Pure.
//
// A rule that names the Service is split between both Services; copies of it with further conditions stand before
// it and name the new version's alone. Weights are relative, so all of a rule's are multiplied by 100 first.
import { z } from 'zod';
import type { RequestMatch, Traffic } from '@sluice/pipelines/rollout/rollout-state';
import type { KubeObject } from '../kube-objects.ts';
import type { RuleFormat } from './edited-object.ts';
import { cannotSay } from './router-problems.ts';
import type { ServicePair } from './traffic-router.ts';

const backendRef = z.looseObject({
  group: z.string().optional(),
  kind: z.string().optional(),
  name: z.string(),
  namespace: z.string().optional(),
  port: z.number().optional(),
  weight: z.number().int().min(0).optional(),
});
const condition = z.looseObject({ name: z.string(), type: z.string().optional(), value: z.string() });
const ruleMatch = z.looseObject({
  headers: z.array(condition).optional(),
  queryParams: z.array(condition).optional(),
});
const filter = z.looseObject({
  type: z.string(),
  requestMirror: z.looseObject({ backendRef, percent: z.number().optional() }).optional(),
});
const rule = z.looseObject({
  name: z.string().optional(),
  matches: z.array(ruleMatch).optional(),
  filters: z.array(filter).optional(),
  backendRefs: z.array(backendRef).optional(),
});
type BackendRef = z.infer<typeof backendRef>;
type Rule = z.infer<typeof rule>;
type RuleMatch = z.infer<typeof ruleMatch>;

export const httpRouteRules: RuleFormat<readonly Rule[]> = {
  kind: 'HTTPRoute',
  apiVersions: ['gateway.networking.k8s.io/v1', 'gateway.networking.k8s.io/v1beta1'],
  can: { router: 'httproute', match: ['header', 'query'], mirror: true },
  comesWith: 'the Gateway API and a controller for it',
  key: 'rules',
  rules: z.array(rule),
  servicesOf: (rules, namespace) => [
    ...new Set(
      rules
        .flatMap(({ backendRefs = [] }) => backendRefs)
        .filter((ref) => isService(ref) && (ref.namespace ?? namespace) === namespace)
        .map(({ name }) => name),
    ),
  ],
  without: (rules, pair) =>
    rules.filter((each) => !isChosenRule(each, pair)).map((each) => joined(each, pair)),
  withTraffic: (rules, pair, wanted) =>
    rules.flatMap((each) => {
      if (!names(each, pair.stable)) return [each];
      const shared = split(each, pair, wanted);
      return wanted.match.length === 0 ? [shared] : [chosenRule(each, pair, wanted.match), shared];
    }),
  trafficOf,
  unsettled,
};

const isService = ({ group = '', kind = 'Service' }: BackendRef): boolean =>
  group === '' && kind === 'Service';
const isRef = (ref: BackendRef, name: string): boolean =>
  isService(ref) && ref.namespace === undefined && ref.name === name;
const names = ({ backendRefs = [] }: Rule, name: string): boolean =>
  backendRefs.some((ref) => isRef(ref, name));

/** Ours alone: it names no other Service than the new version's. */
function isChosenRule({ backendRefs = [] }: Rule, { canary }: ServicePair): boolean {
  return backendRefs.length > 0 && backendRefs.every((ref) => isRef(ref, canary));
}

const factor = 100;
const mostWeight = 10_000; // the definition allows 1,000,000 after the multiplication

function split(from: Rule, { stable, canary }: ServicePair, { percent, mirrorPercent }: Traffic): Rule {
  const backendRefs = (from.backendRefs ?? []).flatMap((ref) => {
    const weight = ref.weight ?? 1;
    if (weight > mostWeight) throw cannotSay('The HTTPRoute', `it has a weight above ${mostWeight}`);
    if (!isRef(ref, stable)) return [{ ...ref, weight: weight * factor }];
    const given = Math.round(weight * percent);
    return [
      { ...ref, weight: weight * factor - given },
      { ...ref, name: canary, weight: given },
    ];
  });
  if (mirrorPercent === 0) return { ...from, backendRefs };
  const { port } = (from.backendRefs ?? []).find((ref) => isRef(ref, stable)) ?? {};
  const mirror = {
    type: 'RequestMirror',
    requestMirror: {
      backendRef: { name: canary, ...(port === undefined ? {} : { port }) },
      // Without it every request is mirrored, also where a definition older than 1.3 does not know the field.
      ...(mirrorPercent === 100 ? {} : { percent: mirrorPercent }),
    },
  };
  return { ...from, backendRefs, filters: [...(from.filters ?? []), mirror] };
}

/** The opposite of `split`; a rule that names nothing of the new version stays as it is. */
function joined(from: Rule, { stable, canary }: ServicePair): Rule {
  const { filters, ...rest } = from;
  const kept = filters?.filter(({ requestMirror }) => requestMirror?.backendRef.name !== canary);
  const unmirrored = kept === undefined || kept.length === 0 ? rest : { ...rest, filters: kept };
  const bare = kept?.length === filters?.length ? from : unmirrored;
  if (!names(from, canary)) return bare;
  const refs = from.backendRefs ?? [];
  const backendRefs = refs.flatMap((ref, index) => {
    if (isRef(ref, canary)) return [];
    const next = refs[index + 1];
    const given = isRef(ref, stable) && next !== undefined && isRef(next, canary) ? (next.weight ?? 1) : 0;
    return [{ ...ref, weight: Math.round(((ref.weight ?? 1) + given) / factor) }];
  });
  return { ...bare, backendRefs };
}

function chosenRule(from: Rule, { stable, canary }: ServicePair, match: readonly RequestMatch[]): Rule {
  const { name: _name, ...rest } = from; // names of rules are unique
  const ref = (from.backendRefs ?? []).find((each) => isRef(each, stable));
  return {
    ...rest,
    matches: (from.matches ?? [{}]).map((each) => narrowed(each, match)),
    backendRefs: [{ ...ref, name: canary, weight: 1 }],
  };
}

function narrowed(from: RuleMatch, match: readonly RequestMatch[]): RuleMatch {
  const added = (kind: RequestMatch['kind']) =>
    match.filter((each) => each.kind === kind).map(({ name, value }) => ({ type: 'Exact', name, value }));
  const headers = [...(from.headers ?? []), ...added('header')];
  const queryParams = [...(from.queryParams ?? []), ...added('query')];
  const twice = repeated(headers.map(({ name }) => name.toLowerCase())) ?? repeated(queryParams.map(nameOf));
  if (twice !== null)
    throw cannotSay('The HTTPRoute', `one of its rules already has a condition on ${twice}`);
  return {
    ...from,
    ...(headers.length === 0 ? {} : { headers }),
    ...(queryParams.length === 0 ? {} : { queryParams }),
  };
}

const nameOf = ({ name }: { readonly name: string }): string => name;

const repeated = (list: readonly string[]): string | null =>
  list.find((each, index) => list.indexOf(each) !== index) ?? null;

function trafficOf(rules: readonly Rule[], pair: ServicePair): Traffic {
  const ours = rules.filter((each) => names(each, pair.stable));
  const shares = ours.flatMap(({ backendRefs = [] }) => {
    const weight = (service: string): number =>
      backendRefs.filter((ref) => isRef(ref, service)).reduce((sum, ref) => sum + (ref.weight ?? 1), 0);
    const all = weight(pair.stable) + weight(pair.canary);
    return all === 0 ? [] : [(100 * weight(pair.canary)) / all];
  });
  const mirrors = ours
    .flatMap(({ filters = [] }) => filters)
    .filter(({ requestMirror }) => requestMirror?.backendRef.name === pair.canary)
    .map(({ requestMirror }) => requestMirror?.percent ?? 100);
  return {
    percent: shares.length === 0 ? 0 : shares.reduce((sum, each) => sum + each, 0) / shares.length,
    match: chosenBy(rules, pair),
    mirrorPercent: Math.max(0, ...mirrors),
  };
}

/** What the first rule of ours demands beyond the rule that it was made from, which stands behind it. */
function chosenBy(rules: readonly Rule[], pair: ServicePair): readonly RequestMatch[] {
  const index = rules.findIndex((each) => isChosenRule(each, pair));
  if (index === -1) return [];
  const [own] = rules[index]?.matches ?? [];
  const [base] = rules.slice(index).find((each) => names(each, pair.stable))?.matches ?? [];
  const beyond = (kind: 'header' | 'query', key: 'headers' | 'queryParams'): readonly RequestMatch[] =>
    (own?.[key] ?? [])
      .filter(({ name }) => !(base?.[key] ?? []).some((each) => each.name === name))
      .map(({ name, value }) => ({ kind, name, value }));
  return [...beyond('header', 'headers'), ...beyond('query', 'queryParams')];
}

const parentStatus = z.looseObject({
  status: z.looseObject({
    parents: z.array(
      z.looseObject({
        conditions: z
          .array(
            z.looseObject({
              type: z.string(),
              status: z.string(),
              message: z.string().optional(),
              observedGeneration: z.number().optional(),
            }),
          )
          .optional(),
      }),
    ),
  }),
  metadata: z.looseObject({ generation: z.number() }),
});

/** What a Gateway says about the route, where one says anything. */
function unsettled(object: KubeObject): string | null {
  const parsed = parentStatus.safeParse(object);
  if (!parsed.success) return null;
  const { status, metadata } = parsed.data;
  const said = status.parents.flatMap(({ conditions = [] }) => conditions);
  const relevant = said.filter(({ type }) => type === 'Accepted' || type === 'ResolvedRefs');
  const isOld = relevant.some(
    ({ observedGeneration: seen }) => seen !== undefined && seen < metadata.generation,
  );
  if (isOld) return 'the Gateway has not seen the change yet';
  const against = relevant.find((each) => each.status !== 'True');
  return against === undefined
    ? null
    : `the Gateway says ${against.type}=${against.status}: ${against.message ?? ''}`;
}
