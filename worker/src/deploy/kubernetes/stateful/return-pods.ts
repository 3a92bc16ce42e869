// One step of a roll-back of a StatefulSet: its pods as they were, one after another.
import { DeployProblem } from '../../deploy-problem.ts';
import type { KubeClient } from '../kube-client.ts';
import type { StatefulSet } from '../kube-objects.ts';
import { note } from '../marks.ts';
import { fullReplicas, stableVersion, templateVersion } from '../open-workload.ts';
import { notedTemplate } from '../return-traffic.ts';
import type { ShiftStep } from '../shift-traffic.ts';
import { servingOf, sidesOf } from '../workload-facts.ts';
import { setRef, type OpenSet } from './open-set.ts';
import { deleteStuckPod, endPods, keepVolumes } from './replace-pods.ts';

/** `isAlone`: no pod of the old version starts before the last one of the new version has ended. */
export async function returnPods(
  client: KubeClient,
  open: OpenSet,
  version: string,
  isAlone: boolean,
): Promise<ShiftStep> {
  const { stable, name } = open;
  if (stable === null) return 'done';
  if (stableVersion(open) === null) {
    await keepVolumes(client, stable);
    await client.remove(setRef(name));
    return 'done';
  }
  if (templateVersion(open) === version) {
    if (isAlone) {
      const ended = await endPods(client, open);
      if (ended !== 'done') return ended;
    }
    await restoreSet(client, stable, fullReplicas(open));
    return 'moving';
  }
  const full = fullReplicas(open);
  if ((stable.spec.replicas ?? 1) !== full) {
    await client.mergeInto(stable, { spec: { replicas: full } });
    return 'moving';
  }
  if (await deleteStuckPod(client, open, version)) return 'waiting';
  const { old, fresh } = sidesOf(open, version);
  if (fresh.length > 0 || servingOf(old) < full) return 'waiting';
  await forgetSet(client, stable);
  return 'done';
}

/** Takes away the notes of a rollout that is over. */
async function forgetSet(client: KubeClient, set: StatefulSet): Promise<void> {
  const annotations = withoutNotes(set);
  if (Object.keys(annotations).length > 0) await client.mergeInto(set, { metadata: { annotations } });
}

/** After a promotion: the new version is what to come back to, with as many replicas as the manifests say. */
export async function keepVersion(client: KubeClient, set: StatefulSet, version: string): Promise<void> {
  const annotations = { ...withoutNotes(set), [note.stableVersion]: version };
  const replicas = Number(set.metadata.annotations?.[note.replicas] ?? set.spec.replicas);
  await client.mergeInto(set, { metadata: { annotations }, spec: { replicas } });
}

const withoutNotes = ({ metadata }: StatefulSet): Readonly<Record<string, null>> =>
  Object.fromEntries(
    [note.stableTemplate, note.stableReplicas, note.open, note.replicas]
      .filter((key) => metadata.annotations?.[key] !== undefined)
      .map((key) => [key, null]),
  );

async function restoreSet(client: KubeClient, set: StatefulSet, replicas: number): Promise<void> {
  const { annotations = {}, labels = {}, name } = set.metadata;
  const before = annotations[note.stableVersion];
  const template = notedTemplate(set);
  if (template === null || before === undefined) {
    throw new DeployProblem(
      'rollback-lost',
      `StatefulSet ${name} no longer has the note of what ran before (${note.stableTemplate}): run \`kubectl rollout undo statefulset/${name}\`, or deploy the old version again.`,
    );
  }
  const { [note.open]: _, ...kept } = annotations;
  await client.replaceIn(setRef(name), [
    { op: 'replace', path: '/spec/template', value: template },
    { op: 'replace', path: '/spec/replicas', value: replicas },
    {
      op: 'replace',
      path: '/spec/updateStrategy',
      value: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
    },
    { op: 'replace', path: '/metadata/annotations', value: { ...kept, [note.version]: before } },
    { op: 'replace', path: '/metadata/labels', value: { ...labels, version: before } },
  ]);
}
