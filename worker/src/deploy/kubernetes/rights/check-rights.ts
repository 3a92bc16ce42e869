import { missingInWords, rulesToAdd, type MissingRight } from '@sluice/pipelines/rollout/missing-rights';
import { DeployProblem } from '../../deploy-problem.ts';
import type { KubeClient } from '../kube-client.ts';
import { isGranted } from './granted-rights.ts';
import type { Right } from './needed-rights.ts';

/** Whose credentials are looked at: `cluster "sh-1"`, `environment "staging"`. */
export interface Asking {
  readonly place: string;
}

type Asked = Pick<KubeClient, 'namespace' | 'ownRules' | 'mayI'>;

/** Rejects with all that the credentials may not do, and the rules that are to be added, before anything is changed. */
export async function checkRights(client: Asked, rights: readonly Right[], { place }: Asking): Promise<void> {
  const missing = await missingRights(client, rights);
  if (missing !== null && missing.length > 0) throw rightsMissing(missing, client.namespace, place);
}

/**
 * Those of the rights that the credentials do not have; null: the cluster does not tell what one may do, which proves
 * nothing. One question, and one more for each right that its answer leaves out: rules may come from authorisers that
 * cannot list them.
 */
export async function missingRights(
  client: Asked,
  rights: readonly Right[],
): Promise<readonly MissingRight[] | null> {
  const rules = await client.ownRules();
  if (rules === null) return null;
  const unlisted = rights.filter((right) => !isGranted(rules, right));
  const answers = await Promise.all(unlisted.map((right) => client.mayI(right)));
  return grouped(unlisted.filter((_, index) => answers[index] === false));
}

function rightsMissing(missing: readonly MissingRight[], namespace: string, place: string): DeployProblem {
  const rules = rulesToAdd(missing).join('\n');
  return new DeployProblem(
    'rights-missing',
    `The credentials of ${place} may not ${missingInWords(missing)} in namespace ${namespace}. Add to their Role:\n${rules}\n(docs/kubernetes-deployments.yml has all that a deployment needs)`,
  );
}

/** The verbs of one object together. */
function grouped(missing: readonly Right[]): readonly MissingRight[] {
  const groups = new Map<string, MissingRight>();
  for (const { verb, ...of } of missing) {
    const key = JSON.stringify([of.apiGroup, of.resource, of.name]);
    const verbs = groups.get(key)?.verbs ?? [];
    groups.set(key, { ...of, verbs: [...verbs, verb] });
  }
  return [...groups.values()];
}
