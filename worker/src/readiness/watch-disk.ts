import { statfs } from 'node:fs/promises';
import { readableBytes } from '../stages/readable-bytes.ts';
import type { Readiness } from './readiness.ts';

/** With less, a stage is not begun: its log would soon have nowhere to go. */
const leastBytes = 64 * 1024 * 1024;
/** An obstacle is gone only when there is clearly more. */
const enoughBytes = leastBytes + leastBytes / 8;
const everyMs = 2_000;

export interface DiskWatch {
  /** Bytes that this process may still write; null: not known. */
  readonly freeBytes: () => number | null;
  readonly stop: () => void;
}

/** Looks every few seconds whether the disk of the spools has room; resolves after the first look. */
export async function watchDisk(folder: string, readiness: Readiness): Promise<DiskWatch> {
  let free: number | null = null;
  const look = async (): Promise<void> => {
    const disk = await statfs(folder).catch(() => null);
    if (disk === null) return;
    free = disk.bavail * disk.bsize;
    const isOutOfFiles = disk.files > 0 && disk.ffree === 0;
    const wanted = readiness.reasons().has('disk') ? enoughBytes : leastBytes;
    readiness.note('disk', isOutOfFiles || free < wanted ? problemOf(folder, free, isOutOfFiles) : null);
  };
  await look();
  const timer = setInterval(() => void look(), everyMs);
  return { freeBytes: () => free, stop: () => clearInterval(timer) };
}

function problemOf(folder: string, free: number, isOutOfFiles: boolean): string {
  const left = isOutOfFiles ? 'no file can be made' : `${readableBytes(free)} are free`;
  return (
    `the disk of ${folder} is full (${left}, ${readableBytes(leastBytes)} are needed). Free space there, or give the ` +
    'worker another folder (SLUICE_DATA); it goes on by itself when there is room'
  );
}
