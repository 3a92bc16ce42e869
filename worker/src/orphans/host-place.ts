import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { attemptName } from '@sluice/pipelines/protocol/orphans';
import { attemptOfGroup, endProcesses, type ProcessOwner } from '../executors/process/remove-processes.ts';
import { removeAttemptFolders } from '../stages/attempt-folders.ts';
import type { WorkerFolder } from '../worker-folder.ts';
import type { FoundThing, OrphanPlace, Removal } from './orphan-place.ts';

/**
 * What attempts have made on this worker's host: folders, each with the processes that live in it, and control groups, also
 * those of other workers of this host. `now`: in milliseconds since the epoch.
 */
export function hostPlace(
  { attempts, workerId }: Pick<WorkerFolder, 'attempts' | 'workerId'>,
  owner: ProcessOwner,
  now: () => number,
): OrphanPlace {
  const removeFolder = async (attemptId: string): Promise<Removal> => {
    await endProcesses(attempts, attemptId, owner);
    await removeAttemptFolders(attempts, attemptId);
    return 'removed';
  };
  return {
    name: "this worker's host",
    list: async (installation) => {
      const folders = await Promise.all(
        (await readdir(attempts)).map(async (name) =>
          thing('folder', name, name, installation, await ageOf(join(attempts, name), now), () =>
            removeFolder(name),
          ),
        ),
      );
      // That the server knows its attempt is what shows that a group is of this installation: an unknown one stays.
      const groups = ((await owner.groups?.names()) ?? []).map((name) =>
        thing('process-group', name, attemptOfGroup(name), installation, 0, async () => {
          await owner.groups?.remove(name);
          return 'removed';
        }),
      );
      return {
        engine: `host/${workerId}`,
        kinds: owner.groups === null ? ['folder'] : ['folder', 'process-group'],
        found: [...folders, ...groups].filter((one) => one !== null),
      };
    },
  };
}

async function ageOf(folder: string, now: () => number): Promise<number> {
  const made = await stat(folder).catch(() => null);
  return made === null ? 0 : now() - made.ctimeMs;
}

function thing(
  kind: FoundThing['kind'],
  name: string,
  attemptId: string | null,
  installation: string,
  ageMs: number,
  remove: () => Promise<Removal>,
): FoundThing | null {
  const attempt = attemptName.safeParse({ attemptId }).data ?? null;
  return attempt === null ? null : { kind, name, attempt, installation, isDeployed: false, ageMs, remove };
}
