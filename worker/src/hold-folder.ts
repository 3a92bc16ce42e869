// One worker process at a time uses a worker's folder: two would take up each other's attempts.
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readBootId } from './executors/process/session-record.ts';
import { isAlive, readProcess } from './executors/process/process-table.ts';

/** Thrown when another process of this host uses the folder. */
export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError';
}

/** Takes the folder, also from a process that has died; gives the function that lets go of it. */
export async function holdFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, 'worker.lock');
  const mine = `${path}.${process.pid}`;
  await writeFile(mine, JSON.stringify(await describeProcess()), { mode: 0o600 });
  try {
    for (let tries = 0; tries < 10; tries += 1) {
      if (await linked(mine, path)) return () => rm(path, { force: true });
      const holder = await readHolder(path);
      if (holder !== null && (await isHolding(holder))) throw inUse(folder, holder);
      // Moved rather than removed: of two that find it stale, only one moves it.
      await rename(path, `${mine}.stale`).catch(() => undefined);
      await rm(`${mine}.stale`, { force: true });
    }
    throw inUse(folder, await readHolder(path));
  } finally {
    await rm(mine, { force: true });
  }
}

const lockHolder = z.object({
  pid: z.number().int(),
  /** With the host's uptime: another process may have the number by now. Null where the system does not tell. */
  startTime: z.number().nullable(),
  bootId: z.string().nullable(),
});
type LockHolder = z.infer<typeof lockHolder>;

async function describeProcess(): Promise<LockHolder> {
  const startTime = (await readProcess(process.pid))?.startTime ?? null;
  return { pid: process.pid, startTime, bootId: await readBootId() };
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

async function readHolder(path: string): Promise<LockHolder | null> {
  try {
    return lockHolder.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return null;
  }
}

async function isHolding({ pid, startTime, bootId }: LockHolder): Promise<boolean> {
  if (pid === process.pid) return true;
  if (startTime !== null && bootId !== null) {
    return bootId === (await readBootId()) && (await isAlive({ pid, startTime }));
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function inUse(folder: string, holder: LockHolder | null): FolderInUseError {
  const who = holder === null ? 'another process' : `process ${holder.pid}`;
  return new FolderInUseError(
    `a worker already uses ${folder} (${who}): stop that one, or give this one another SLUICE_DATA`,
  );
}
