import { statfs } from 'node:fs/promises';
import { readableBytes } from './readable-bytes.ts';

/** Below this nothing can be relied on to be written. */
const leastBytes = 1024 * 1024;

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
