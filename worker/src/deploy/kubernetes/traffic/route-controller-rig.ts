// For tests: what a controller of routes does. It looks at one object and at the ready pods of the Services that it
// names, tells a real nginx, and writes into the status of an HTTPRoute what it has seen.
import { setTimeout as sleep } from 'node:timers/promises';
import { KubeConfig } from '@kubernetes/client-node';
import type { TrafficProvider } from '@sluice/pipelines/language/definition';
import { z } from 'zod';
import { connectCluster, type KubeConnection } from '../kube-connection.ts';
import { startNginx, type NginxRig, type ProxyCondition, type ProxyRule } from './nginx-rig.ts';

export interface RouteControllerRig extends AsyncDisposable {
  /** Of the proxy that does what the object says. */
  readonly port: number;
  /** Resolves when the proxy does what the object says now. */
  readonly caughtUp: () => Promise<void>;
}

const lookMs = 100;

export async function startRouteController(
  namespace: string,
  provider: TrafficProvider,
): Promise<RouteControllerRig> {
  const config = new KubeConfig();
  config.loadFromDefault();
  const ending = new AbortController();
  const connection = await connectCluster(config, ending.signal);
  const nginx = await startNginx();
  let looks = 0;
  let isOver = false;
  let last = '';
  const run = async (): Promise<void> => {
    while (!isOver) {
      last = await look(connection, namespace, provider, nginx, last).catch(() => last);
      looks += 1;
      await sleep(lookMs);
    }
  };
  const running = run();
  return {
    port: nginx.port,
    caughtUp: async () => {
      const begun = looks;
      while (looks < begun + 2) await sleep(lookMs);
      await sleep(lookMs); // nginx starts new workers after the signal
    },
    [Symbol.asyncDispose]: async () => {
      isOver = true;
      await running;
      ending.abort();
      connection.close();
      await nginx[Symbol.asyncDispose]();
    },
  };
}

async function look(
  connection: KubeConnection,
  namespace: string,
  provider: TrafficProvider,
  nginx: NginxRig,
  last: string,
): Promise<string> {
  const path = pathOf(provider, namespace);
  const get = async (at: string): Promise<unknown> => {
    const { status, body } = await connection.send({ method: 'GET', path: at });
    return status === 200 ? body : null;
  };
  const found = await get(path);
  const second = provider.kind === 'ingress' ? await get(`${path}-canary`) : null;
  const rules = found === null ? [] : rulesOf[provider.kind](found, second);
  const list = endpointsList.parse(await get(`/api/v1/namespaces/${namespace}/endpoints`));
  const endpoints = Object.fromEntries(
    list.items.map(({ metadata, subsets }) => [
      metadata.name,
      (subsets ?? []).flatMap(({ addresses, ports }) =>
        (addresses ?? []).map(({ ip }) => `${ip}:${ports?.[0]?.port ?? 80}`),
      ),
    ]),
  );
  const plan = { rules, endpoints };
  const text = JSON.stringify(plan);
  if (text !== last) await nginx.use(plan);
  if (found !== null && provider.kind === 'httproute') await writeStatus(connection, path, found);
  return text;
}

const plurals = {
  httproute: 'gateway.networking.k8s.io/v1/{}/httproutes',
  virtualservice: 'networking.istio.io/v1beta1/{}/virtualservices',
  ingress: 'networking.k8s.io/v1/{}/ingresses',
} as const;

function pathOf({ kind, name }: TrafficProvider, namespace: string): string {
  return `/apis/${plurals[kind].replace('{}', `namespaces/${namespace}`)}/${name}`;
}

const rulesOf: Record<TrafficProvider['kind'], (object: unknown, second: unknown) => readonly ProxyRule[]> = {
  httproute: (object) =>
    httpRoute.parse(object).spec.rules.flatMap(({ matches, backendRefs, filters }) =>
      matches.map(({ path, headers, queryParams }) => {
        const mirror = filters.find(({ requestMirror }) => requestMirror !== undefined)?.requestMirror;
        return {
          conditions: [
            ...(path === undefined ? [] : [prefixCondition(path.value)]),
            ...headers.map(({ name, value }) => headerCondition(name, exact(value))),
            ...queryParams.map(({ name, value }) => queryCondition(name, exact(value))),
          ],
          weights: backendRefs.map(({ name, weight }) => ({ service: name, weight })),
          mirror: mirror === undefined ? null : { service: mirror.backendRef.name, percent: mirror.percent },
        };
      }),
    ),
  virtualservice: (object) =>
    virtualService.parse(object).spec.http.flatMap(({ match, route, mirror, mirrorPercentage }) =>
      match.map(({ uri, headers, queryParams }) => ({
        conditions: [
          ...(uri === undefined ? [] : [prefixCondition(uri.prefix)]),
          ...Object.entries(headers).map(([name, each]) => headerCondition(name, patternOf(each))),
          ...Object.entries(queryParams).map(([name, each]) => queryCondition(name, patternOf(each))),
        ],
        weights: route.map(({ destination, weight }) => ({
          service: serviceOf(destination.host),
          weight: route.length === 1 ? 100 : weight,
        })),
        mirror:
          mirror === undefined
            ? null
            : { service: serviceOf(mirror.host), percent: mirrorPercentage?.value ?? 100 },
      })),
    ),
  ingress: (object, second) => {
    const [service = ''] = servicesOf(object);
    const stable = { conditions: [], weights: [{ service, weight: 100 }], mirror: null };
    if (second === null) return [stable];
    const [canary = ''] = servicesOf(second);
    const { annotations } = ingress.parse(second).metadata;
    const of = (key: string): string | undefined => annotations[`nginx.ingress.kubernetes.io/${key}`];
    const weight = Number(of('canary-weight') ?? 0);
    const header = of('canary-by-header');
    const cookie = of('canary-by-cookie');
    const toCanary = (condition: ProxyCondition): ProxyRule => ({
      conditions: [condition],
      weights: [{ service: canary, weight: 1 }],
      mirror: null,
    });
    return [
      ...(header === undefined
        ? []
        : [toCanary(headerCondition(header, exact(of('canary-by-header-value') ?? 'always')))]),
      ...(cookie === undefined
        ? []
        : [toCanary({ variable: `$cookie_${cookie}`, pattern: exact('always') })]),
      {
        ...stable,
        weights: [
          { service, weight: 100 - weight },
          { service: canary, weight },
        ],
      },
    ];
  },
};

const escape = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
const exact = (text: string): string => `^${escape(text)}$`;
const variable = (text: string): string => text.toLowerCase().replaceAll('-', '_');
const headerCondition = (name: string, pattern: string): ProxyCondition => ({
  variable: `$http_${variable(name)}`,
  pattern,
});
const queryCondition = (name: string, pattern: string): ProxyCondition => ({
  variable: `$arg_${name}`,
  pattern,
});
const prefixCondition = (prefix: string): ProxyCondition => ({
  variable: '$uri',
  pattern: prefix === '/' ? '^/' : `^${escape(prefix)}(/|$)`,
});
const serviceOf = (host: string): string => host.split('.')[0] ?? host;
const patternOf = ({ exact: text, regex }: z.infer<typeof stringMatch>): string => regex ?? exact(text ?? '');

function servicesOf(object: unknown): readonly string[] {
  const { rules } = ingress.parse(object).spec;
  return rules.flatMap(({ http }) => http.paths).map(({ backend }) => backend.service.name);
}

async function writeStatus(connection: KubeConnection, path: string, object: unknown): Promise<void> {
  const { metadata, status } = generation.parse(object);
  const conditions = ['Accepted', 'ResolvedRefs'].map((type) => ({
    type,
    status: 'True',
    reason: type,
    message: '',
    observedGeneration: metadata.generation,
    lastTransitionTime: '2030-01-01T00:00:00Z',
  }));
  const parents = [{ parentRef: { name: 'rig' }, controllerName: 'sluice.dev/test-rig', conditions }];
  if (JSON.stringify(status?.parents) === JSON.stringify(parents)) return;
  const contentType = 'application/merge-patch+json';
  await connection.send({
    method: 'PATCH',
    path: `${path}/status`,
    body: { status: { parents } },
    contentType,
  });
}

const endpointsList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      subsets: z
        .array(
          z.object({
            addresses: z.array(z.object({ ip: z.string() })).nullish(),
            ports: z.array(z.object({ port: z.number() })).nullish(),
          }),
        )
        .nullish(),
    }),
  ),
});
const named = z.object({ name: z.string(), value: z.string() });
const httpRoute = z.object({
  spec: z.object({
    rules: z.array(
      z.object({
        matches: z
          .array(
            z.object({
              path: z.object({ value: z.string() }).optional(),
              headers: z.array(named).default([]),
              queryParams: z.array(named).default([]),
            }),
          )
          .default([{ headers: [], queryParams: [] }]),
        backendRefs: z.array(z.object({ name: z.string(), weight: z.number().default(1) })).default([]),
        filters: z
          .array(
            z.object({
              requestMirror: z
                .object({ backendRef: z.object({ name: z.string() }), percent: z.number().default(100) })
                .optional(),
            }),
          )
          .default([]),
      }),
    ),
  }),
});
const stringMatch = z.object({ exact: z.string().optional(), regex: z.string().optional() });
const destination = z.object({ host: z.string() });
const virtualService = z.object({
  spec: z.object({
    http: z.array(
      z.object({
        match: z
          .array(
            z.object({
              uri: z.object({ prefix: z.string() }).optional(),
              headers: z.record(z.string(), stringMatch).default({}),
              queryParams: z.record(z.string(), stringMatch).default({}),
            }),
          )
          .default([{ headers: {}, queryParams: {} }]),
        route: z.array(z.object({ destination, weight: z.number().default(0) })).default([]),
        mirror: destination.optional(),
        mirrorPercentage: z.object({ value: z.number() }).optional(),
      }),
    ),
  }),
});
const ingress = z.object({
  metadata: z.object({ annotations: z.record(z.string(), z.string()).default({}) }),
  spec: z.object({
    rules: z.array(
      z.object({
        http: z.object({
          paths: z.array(z.object({ backend: z.object({ service: z.object({ name: z.string() }) }) })),
        }),
      }),
    ),
  }),
});
const generation = z.object({
  metadata: z.object({ generation: z.number() }),
  status: z.object({ parents: z.unknown() }).optional(),
});
