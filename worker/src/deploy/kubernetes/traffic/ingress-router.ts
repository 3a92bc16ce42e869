import { isAllOld, sameTraffic } from '@sluice/pipelines/rollout/traffic';
import type { RouterAbilities } from '@sluice/pipelines/rollout/rollout-state';
import { DeployProblem } from '../../deploy-problem.ts';
import type { KubeClient } from '../kube-client.ts';
import type { KubeObject } from '../kube-objects.ts';
import { mark } from '../marks.ts';
import {
  canaryIngress,
  canaryIngressName,
  ingress,
  servicesOfIngress,
  trafficOfIngress,
  type Ingress,
} from './canary-ingress.ts';
import { missingObject, nameNotFree } from './router-problems.ts';
import { type TrafficRouter } from './traffic-router.ts';

const apiVersion = 'networking.k8s.io/v1';
const kind = 'Ingress';

export const ingressAbilities: RouterAbilities = {
  router: 'ingress',
  match: ['header', 'cookie'],
  mirror: false,
};

/**
 * An Ingress of ingress-nginx. It is never changed: all that the new version gets is said by a second one beside it,
 * `<name>-canary`, which is made and removed here.
 */
export function ingressRouter(
  client: KubeClient,
  name: string,
  labels: Readonly<Record<string, string>>,
): TrafficRouter {
  const object = `Ingress ${name}`;
  const own = { apiVersion, kind, name: canaryIngressName(name) };
  const read = (found: KubeObject): Ingress => {
    const parsed = ingress.safeParse(found);
    if (parsed.success) return parsed.data;
    throw new DeployProblem('route-refused', `${object} cannot be read: ${parsed.error.issues[0]?.message}.`);
  };
  const find = async (): Promise<Ingress> => {
    const found = await client.find({ apiVersion, kind, name });
    if (found === null) throw missingObject(object, client.namespace);
    return read(found);
  };
  /** The second Ingress, unless somebody else has made one. */
  const findOwn = async (): Promise<KubeObject | null> => {
    const found = await client.find(own);
    if (found !== null && found.metadata.labels?.[mark.installation] !== labels[mark.installation]) {
      throw nameNotFree(`Ingress ${own.name}`, 'somebody else has made one of that name; remove it');
    }
    return found;
  };
  return {
    object,
    can: ingressAbilities,
    services: async (planned) => servicesOfIngress(planned === null ? await find() : read(planned)),
    rehearse: async (pair, wanted, planned) => {
      const base = planned === null ? await find() : read(planned);
      await findOwn();
      for (const traffic of wanted) {
        await client.apply(canaryIngress(base, pair, traffic, labels), { dryRun: true });
      }
    },
    read: async () => {
      const [, canary] = await Promise.all([find(), findOwn()]);
      return { traffic: trafficOfIngress(canary), unsettled: null };
    },
    give: async (pair, wanted) => {
      const [base, before] = await Promise.all([find(), findOwn()]);
      if (isAllOld(wanted)) {
        if (before !== null) await client.remove(own);
        return;
      }
      if (sameTraffic(trafficOfIngress(before), wanted)) return;
      await client.apply(canaryIngress(base, pair, wanted, labels));
    },
    restore: async () => {
      if ((await findOwn()) !== null) await client.remove(own);
    },
  };
}
