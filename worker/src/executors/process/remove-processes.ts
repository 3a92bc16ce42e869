// What attempts left on this host: processes are found by their home, which is inside the attempt's folder, and by the
// attempt's control group.
import { join } from 'node:path';
import type { ControlGroups } from './control-groups.ts';
import { killLeftoverProcesses } from './kill-leftovers.ts';

export interface ProcessOwner {
  readonly groups: ControlGroups | null;
  /** Tells its control groups from those of other workers. */
  readonly workerId: string;
}

/**
 * Ends what dead processes of this worker left on its host: everything whose home is in `attempts`, a folder with one
 * folder for each attempt, but what belongs to the attempts `keep`. Says how many processes there were.
 */
export async function removeProcesses(
  attempts: string,
  keep: ReadonlySet<string>,
  { groups, workerId }: ProcessOwner,
): Promise<number> {
  const kept = new Set([...keep].map((attemptId) => groupNameOf(workerId, attemptId)));
  const all = (await groups?.names()) ?? [];
  const left = all.filter((name) => name.startsWith(groupNameOf(workerId, '')) && !kept.has(name));
  for (const name of left) await groups?.remove(name);
  return killLeftoverProcesses(
    attempts,
    [...keep].map((attemptId) => join(attempts, attemptId)),
  );
}

/** Ends every process of one attempt. */
export async function endProcesses(
  attempts: string,
  attemptId: string,
  { groups, workerId }: ProcessOwner,
): Promise<void> {
  await groups?.remove(groupNameOf(workerId, attemptId));
  await killLeftoverProcesses(join(attempts, attemptId));
}

export const groupNameOf = (workerId: string, attemptId: string): string =>
  `sluice-${workerId.replaceAll(/[^\w-]/g, '_')}-${attemptId}`;

/** The attempt whose control group this is, whichever worker made it; null: it is no worker's. */
export function attemptOfGroup(name: string): string | null {
  return /^sluice-.*-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(name)?.[1] ?? null;
}
