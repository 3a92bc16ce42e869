import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';

/** What a worker keeps on disk. */
export interface WorkerFolder {
  /** The same for as long as the folder lives; a restarted worker is recognised by it. */
  readonly workerId: string;
  /** A folder for each attempt, see `attempt-folders.ts`. */
  readonly attempts: string;
  readonly mirrors: string;
  readonly spools: string;
}

/** Makes what is missing. */
export async function openWorkerFolder(folder: string): Promise<WorkerFolder> {
  const [attempts, mirrors, spools] = [
    join(folder, 'attempts'),
    join(folder, 'mirrors'),
    join(folder, 'spools'),
  ];
  for (const path of [attempts, mirrors, spools]) await mkdir(path, { recursive: true });
  await chmod(folder, 0o700);
  return { workerId: await keepWorkerId(join(folder, 'worker-id')), attempts, mirrors, spools };
}

/** Removes the folders of attempts that no process has under way, but those of `keep` (attempts' ids). */
export async function removeOldAttempts(
  { attempts }: WorkerFolder,
  keep: ReadonlySet<string>,
): Promise<void> {
  const old = (await readdir(attempts)).filter((attemptId) => !keep.has(attemptId));
  for (const attemptId of old) await rm(join(attempts, attemptId), { recursive: true, force: true });
}

async function keepWorkerId(path: string): Promise<string> {
  const known = await readFile(path, 'utf8').catch(() => '');
  if (known.trim().length > 0) return known.trim();
  const workerId = `${hostname().slice(0, 100)}-${randomUUID().slice(0, 8)}`;
  await writeFile(path, `${workerId}\n`);
  return workerId;
}
