import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import type { SpooledRecord, SpoolHeader } from './spooled-record.ts';

/** Where a spool's records are written. One call at a time. */
export interface SpoolFile {
  /** Whole lines. Rejects when the disk refuses them; the file then ends where it ended before. */
  readonly append: (lines: string, isDurable: boolean) => Promise<void>;
  /** Leaves nothing by which another process could go on: what is in it is the server's. Never rejects. */
  readonly cut: () => Promise<void>;
  readonly bytes: () => number;
  readonly close: (end: 'keep' | 'remove') => Promise<void>;
}

/** The end of the name of a spool that is being made. */
export const unmadeSpool = '.new';

/** Makes the file under its name only when `earlier` is in it. Rejects, leaving nothing, when the disk refuses. */
export async function openSpoolFile(
  path: string,
  header: SpoolHeader,
  earlier: readonly SpooledRecord[],
): Promise<SpoolFile> {
  const unfinished = `${path}${unmadeSpool}`;
  await rm(unfinished, { force: true });
  const handle = await open(unfinished, 'ax', 0o600);
  try {
    const file = fileOver(handle, path, header);
    await file.append(headLine(header), false);
    for (const { json } of earlier) await file.append(`${json}\n`, false);
    await rename(unfinished, path);
    return file;
  } catch (error) {
    await handle.close().catch(() => undefined);
    await rm(unfinished, { force: true });
    throw error;
  }
}

/** Stands for a file that could not be made. */
export function noSpoolFile(problem: unknown): SpoolFile {
  return {
    append: () => Promise.reject(problem),
    cut: async () => undefined,
    bytes: () => 0,
    close: async () => undefined,
  };
}

const headLine = (head: SpoolHeader & { readonly isCut?: true }): string => `${JSON.stringify(head)}\n`;

function fileOver(handle: FileHandle, path: string, header: SpoolHeader): SpoolFile {
  let bytes = 0;
  const append = async (lines: string): Promise<void> => {
    const content = Buffer.from(lines);
    try {
      await handle.appendFile(content);
      bytes += content.length;
    } catch (error) {
      await handle.truncate(bytes).catch(() => undefined); // a part of it may have had room
      throw error;
    }
  };
  return {
    append: async (lines, isDurable) => {
      await append(lines);
      if (isDurable) await handle.datasync();
    },
    cut: async () => {
      bytes = 0;
      await handle.truncate(0).catch(() => undefined);
      await append(headLine({ ...header, isCut: true })).catch(() => undefined); // without it nobody goes on either
    },
    bytes: () => bytes,
    close: async (end) => {
      await handle.close();
      if (end === 'remove') await rm(path, { force: true });
    },
  };
}
