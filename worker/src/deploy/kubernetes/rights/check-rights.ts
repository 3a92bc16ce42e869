import { DeployProblem } from '../../deploy-problem.ts';
import type { KubeClient } from '../kube-client.ts';
import { isGranted } from './granted-rights.ts';
import type { Right } from './needed-rights.ts';

/** Whose credentials are looked at: `cluster "sh-1"`, `environment "staging"`. */
export interface Asking {
  readonly place: string;
}

/**
 * Rejects with all that the credentials may not do, and the rules that are to be added, before anything is changed. A cluster
 * that does not tell what one may do proves nothing. One question, and one more for each right that its answer leaves out:
 * rules may come from authorisers that cannot list them.
 */
export async function checkRights(
  client: Pick<KubeClient, 'namespace' | 'ownRules' | 'mayI'>,
  rights: readonly Right[],
  { place }: Asking,
): Promise<void> {
  const rules = await client.ownRules();
  if (rules === null) return;
  const unlisted = rights.filter((right) => !isGranted(rules, right));
  const answers = await Promise.all(unlisted.map((right) => client.mayI(right)));
  const missing = unlisted.filter((_, index) => answers[index] === false);
  if (missing.length > 0) throw rightsMissing(missing, client.namespace, place);
}

function rightsMissing(missing: readonly Right[], namespace: string, place: string): DeployProblem {
  const groups = grouped(missing);
  const what = groups.map(({ verbs, right }) => `${verbs.join(', ')} ${objectOf(right)}`).join('; ');
  const rules = groups.map(ruleOf).join('\n');
  return new DeployProblem(
    'rights-missing',
    `The credentials of ${place} may not ${what} in namespace ${namespace}. Add to their Role:\n${rules}\n(docs/kubernetes-deployments.yml has all that a deployment needs)`,
  );
}

interface Group {
  readonly right: Right;
  readonly verbs: readonly string[];
}

/** The verbs of one object together. */
function grouped(missing: readonly Right[]): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const right of missing) {
    const key = JSON.stringify([right.apiGroup, right.resource, right.name]);
    const verbs = groups.get(key)?.verbs ?? [];
    groups.set(key, { right, verbs: [...verbs, right.verb] });
  }
  return [...groups.values()];
}

const objectOf = ({ resource, name }: Right): string => (name === null ? resource : `${resource}/${name}`);

function ruleOf({ right: { apiGroup, resource, name }, verbs }: Group): string {
  const names = name === null ? '' : `, resourceNames: [${name}]`;
  const group = apiGroup === '' ? "''" : apiGroup;
  return `- { apiGroups: [${group}], resources: [${resource}]${names}, verbs: [${verbs.join(', ')}] }`;
}
