import { statfs } from 'node:fs/promises';
import { readableBytes } from './readable-bytes.ts';

/** Below this nothing can be relied on to be written. */
const leastBytes = 1024 * 1024;

/** What to tell of an attempt whose records the disk of `folder` refuses. */
export async function spoolProblem(folder: string, error: unknown): Promise<string> {
  const why = await diskProblem(folder);
  if (why !== null)
    return `What happens in this stage could not be written down any more, so it was ended. ${why}`;
  const said = error instanceof Error ? error.message : String(error);
  return `What happens in this stage could not be written down any more, so it was ended: ${said}. Look after the disk of ${folder} on the worker, then run the stage again.`;
}

/** Why whatever failed in `folder` may have failed, and what to do; null: its disk has room. */
export async function diskProblem(folder: string): Promise<string | null> {
  const disk = await statfs(folder).catch(() => null);
  if (disk === null) return null;
  const free = disk.bavail * disk.bsize;
  const isFull = free < leastBytes || (disk.files > 0 && disk.ffree === 0);
  if (!isFull) return null;
  const left = disk.ffree === 0 && disk.files > 0 ? 'no file can be made' : `${readableBytes(free)} are free`;
  return `The worker's disk is full (${folder}: ${left}). Free space there, or give the worker another folder (SLUICE_DATA), then run the stage again.`;
}
