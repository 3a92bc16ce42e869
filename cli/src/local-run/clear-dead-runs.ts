// A run that was killed could clean up nothing: the next one does.
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { holdFolder } from '@sluice/worker/hold-folder';
import { removeLeftovers } from '@sluice/worker/executors/docker/remove-leftovers';
import { killLeftoverProcesses } from '@sluice/worker/executors/process/kill-leftovers';

export const runFolderPrefix = 'sluice-run-';
/** A folder with this name in it was asked to stay. */
export const keptMark = 'kept';

/**
 * Removes what runs of this user left whose process is dead: containers and networks, processes, folders. `docker`
 * null: there is no engine now, and what needs one stays for later. Never rejects.
 */
export async function clearDeadRuns(docker: Docker | null, hasProcesses: boolean): Promise<void> {
  const names = await readdir(tmpdir()).catch(() => []);
  for (const name of names.filter((each) => each.startsWith(runFolderPrefix)))
    await clear(join(tmpdir(), name), docker, hasProcesses).catch(() => undefined);
}

async function clear(folder: string, docker: Docker | null, hasProcesses: boolean): Promise<void> {
  const { uid, mtimeMs } = await stat(folder);
  if (uid !== (process.getuid?.() ?? uid) || (await isKept(folder))) return;
  const hasNoLock = !(await isThere(join(folder, 'worker.lock')));
  if (hasNoLock && Date.now() - mtimeMs < freshMs) return;
  const release = await holdFolder(folder);
  const workerId = await readFile(join(folder, 'worker-id'), 'utf8').catch(() => '');
  if (workerId.trim() !== '') {
    if (docker === null) {
      await release();
      return;
    }
    await removeLeftovers(docker, { 'sluice.worker': workerId.trim() });
  }
  if (hasProcesses) await killLeftoverProcesses(join(folder, 'attempts'), []);
  await rm(folder, { recursive: true, force: true });
}

/** How long a run that begins may take to lock its folder. */
const freshMs = 60_000;

const isKept = (folder: string): Promise<boolean> => isThere(join(folder, keptMark));

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
