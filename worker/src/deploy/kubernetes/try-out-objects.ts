// What the cluster would say of the manifests, before anything is changed.
import { DeployProblem } from '../deploy-problem.ts';
import { fieldManager, type FieldConflict, type KubeClient } from './kube-client.ts';
import type { KubeObject } from './kube-objects.ts';

export interface ObjectToTry {
  /** As it would be applied. */
  readonly object: KubeObject;
  /** Where it stands; undefined: nobody knows. */
  readonly place: string | undefined;
}

/** All of the manifests, the workload as the release has it. */
export function toTry(
  objects: readonly KubeObject[],
  { others }: { readonly others: readonly KubeObject[] },
  released: KubeObject,
  places: ReadonlyMap<KubeObject, string>,
): readonly ObjectToTry[] {
  const beside = new Set(others);
  return objects.map((object) => ({
    object: beside.has(object) ? object : released,
    place: places.get(object),
  }));
}

/**
 * Warnings about fields that somebody else applies too. Rejects with the first object that the cluster would refuse, and
 * where it stands.
 */
export async function tryOutObjects(
  client: KubeClient,
  objects: readonly ObjectToTry[],
): Promise<readonly string[]> {
  const warnings: string[] = [];
  for (const { object, place } of objects) {
    try {
      await client.checkKind(object);
      warnings.push(...conflictsInWords(object, await client.tryOut(object)));
    } catch (error) {
      throw placed(error, place);
    }
  }
  return warnings;
}

/** One sentence for each of the others. */
function conflictsInWords(
  { kind, metadata }: KubeObject,
  conflicts: readonly FieldConflict[],
): readonly string[] {
  const others = new Map<string, string[]>();
  for (const { manager, field } of conflicts) {
    if (manager === fieldManager) continue; // our own changes between two releases
    others.set(manager, [...(others.get(manager) ?? []), field]);
  }
  return [...others].map(([manager, fields]) => {
    const more = fields.length > mostFields ? ` and ${fields.length - mostFields} more` : '';
    const names = `${fields.slice(0, mostFields).join(', ')}${more}`;
    return `${kind} ${metadata.name}: ${names} ${fields.length === 1 ? 'is' : 'are'} kept by "${manager}" too and taken over from it. If it applies the object again, it takes back what this stage has deployed: let one of the two apply it, or take the field out of the manifest.`;
  });
}

const mostFields = 5;

function placed(error: unknown, place: string | undefined): unknown {
  if (!(error instanceof DeployProblem) || error.reason !== 'manifest-refused' || place === undefined)
    return error;
  const [said = ''] = error.message.split('\n'); // what follows is a difference of internal structures
  return new DeployProblem(error.reason, `${place}: ${said}${helpWith(said)}`, { cause: error });
}

/** What the cluster's own words leave open. */
function helpWith(message: string): string {
  if (/is immutable|updates to statefulset spec for fields other than/i.test(message)) {
    return ' Such a field cannot be changed once the object exists: change it back, give the object another name, or delete it by hand.';
  }
  if (/too large|Too long: must have at most|etcdserver: request is too large/i.test(message)) {
    return ' The cluster stores at most about 1 MB of an object, and 256 KB of its annotations: make it smaller.';
  }
  return '';
}
