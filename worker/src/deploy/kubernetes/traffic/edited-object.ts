import { isAllOld, sameTraffic } from '@sluice/pipelines/rollout/traffic';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { RouterAbilities, Traffic } from '@sluice/pipelines/rollout/rollout-state';
import { DeployProblem } from '../../deploy-problem.ts';
import type { KubeClient } from '../kube-client.ts';
import type { KubeObject } from '../kube-objects.ts';
import { note } from '../marks.ts';
import { missingApi, missingObject, notAdopted } from './router-problems.ts';
import { type RoutedTraffic, type ServicePair, type TrafficRouter } from './traffic-router.ts';

/** How one kind of object says who gets which requests. Pure; `Rules` is the part of its `spec` that is changed. */
export interface RuleFormat<Rules> {
  readonly kind: string;
  /** The newest first. */
  readonly apiVersions: readonly [string, ...string[]];
  readonly can: RouterAbilities;
  /** What to install where the cluster does not know the kind. */
  readonly comesWith: string;
  /** Key of the rules in `spec`. */
  readonly key: string;
  readonly rules: z.ZodType<Rules>;
  readonly servicesOf: (rules: Rules, namespace: string) => readonly string[];
  /** Without anything that names the new version's Service. */
  readonly without: (rules: Rules, pair: ServicePair) => Rules;
  /** `rules` name nothing of the new version. Throws a `DeployProblem` for what such rules cannot say. */
  readonly withTraffic: (rules: Rules, pair: ServicePair, wanted: Traffic) => Rules;
  readonly trafficOf: (rules: Rules, pair: ServicePair) => Traffic;
  /** What the controller says against it, or has not said yet. */
  readonly unsettled: (object: KubeObject) => string | null;
}

/** A router that changes rules of an object in place, each time by one change that is refused if somebody was faster. */
export function editedObject<Rules>(
  client: KubeClient,
  format: RuleFormat<Rules>,
  name: string,
): TrafficRouter {
  const { kind, key } = format;
  const object = `${kind} ${name}`;

  const apiVersion = async (): Promise<string> => {
    for (const version of format.apiVersions) if (await client.serves(version, kind)) return version;
    throw missingApi(kind, format.apiVersions[0], format.comesWith);
  };
  const find = async (): Promise<KubeObject> => {
    const found = await client.find({ apiVersion: await apiVersion(), kind, name });
    if (found === null) throw missingObject(object, client.namespace);
    return found;
  };
  const rulesOf = (from: KubeObject): Rules => {
    const spec = specOf(from);
    const parsed = format.rules.safeParse(Object.hasOwn(spec, key) ? spec[key] : []);
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    throw new DeployProblem(
      'route-refused',
      `${object} has something in spec.${key} that cannot be read (${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}): mend it.`,
    );
  };

  /** The rules that were noted, unless somebody has changed something else since. */
  const original = (live: KubeObject, clean: Rules, pair: ServicePair): Rules => {
    const noted = notedRules(live, format.rules);
    if (noted === null) return clean;
    const expected = format.without(format.withTraffic(noted, pair, half), pair);
    return isDeepStrictEqual(expected, clean) ? noted : clean;
  };

  const change = async (pair: ServicePair, wanted: Traffic): Promise<void> => {
    for (let left = mostRaces; ; left -= 1) {
      const live = await find();
      const rules = rulesOf(live);
      const clean = format.without(rules, pair);
      const before = original(live, clean, pair);
      const next = isAllOld(wanted) ? before : format.withTraffic(before, pair, wanted);
      const noted = isAllOld(wanted) ? null : JSON.stringify(before);
      const isNoted = (live.metadata.annotations?.[note.routeBefore] ?? null) === noted;
      if (isNoted && isDeepStrictEqual(next, rules)) return;
      const patch = {
        metadata: { resourceVersion: versionOf(live), annotations: { [note.routeBefore]: noted } },
        spec: { [key]: next },
      };
      try {
        await client.mergeInto(live, patch);
        return;
      } catch (error) {
        if (left === 0 || !(error instanceof DeployProblem) || error.reason !== 'conflict') throw error;
      }
    }
  };

  return {
    object,
    can: format.can,
    services: async (planned) => format.servicesOf(rulesOf(planned ?? (await find())), client.namespace),
    rehearse: async (pair, wanted, planned) => {
      const live = planned === null ? await find() : null;
      const base = planned ?? live;
      if (base === null) return;
      const clean = format.without(rulesOf(base), pair);
      for (const traffic of wanted) {
        const rules = format.withTraffic(clean, pair, traffic);
        const changed =
          live === null
            ? await client.apply({ ...base, spec: { ...specOf(base), [key]: rules } }, { dryRun: true })
            : await client.mergeInto(live, { spec: { [key]: rules } }, { dryRun: true });
        const taken = format.trafficOf(rulesOf(changed), pair);
        if (!sameTraffic(taken, traffic)) throw notAdopted(object, traffic, taken);
      }
    },
    read: async (pair): Promise<RoutedTraffic> => {
      const live = await find();
      return { traffic: format.trafficOf(rulesOf(live), pair), unsettled: format.unsettled(live) };
    },
    give: change,
    restore: (pair) => change(pair, { percent: 0, match: [], mirrorPercent: 0 }),
  };
}

const mostRaces = 3;
const half: Traffic = { percent: 50, match: [], mirrorPercent: 0 };

const withSpec = z.looseObject({ spec: z.record(z.string(), z.unknown()) });

function specOf(object: KubeObject): Readonly<Record<string, unknown>> {
  const parsed = withSpec.safeParse(object);
  return parsed.success ? parsed.data.spec : {};
}

const withVersion = z.looseObject({ metadata: z.looseObject({ resourceVersion: z.string() }) });

function versionOf(object: KubeObject): string | null {
  const parsed = withVersion.safeParse(object);
  return parsed.success ? parsed.data.metadata.resourceVersion : null;
}

function notedRules<Rules>({ metadata }: KubeObject, rules: z.ZodType<Rules>): Rules | null {
  try {
    const parsed = rules.safeParse(JSON.parse(metadata.annotations?.[note.routeBefore] ?? ''));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
