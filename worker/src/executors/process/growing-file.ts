import { open, type FileHandle } from 'node:fs/promises';

/** A file that another process appends to, read from its beginning. */
export interface GrowingFile {
  /** Passes on what has come since the last call, at most about `limitBytes`; says how much it was. */
  readonly read: (pass: (chunk: Uint8Array) => void, limitBytes: number) => Promise<number>;
  readonly close: () => Promise<void>;
}

/** `path` need not exist yet. */
export function growingFile(path: string): GrowingFile {
  let file: FileHandle | null = null;
  let position = 0;
  return {
    read: async (pass, limitBytes) => {
      file ??= await open(path, 'r').catch(() => null);
      if (file === null) return 0;
      const { size } = await file.stat();
      const before = position;
      const until = Math.min(size, position + limitBytes);
      while (position < until) {
        const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, until - position));
        const { bytesRead } = await file.read(chunk, 0, chunk.length, position);
        if (bytesRead === 0) break;
        position += bytesRead;
        pass(chunk.subarray(0, bytesRead));
      }
      return position - before;
    },
    close: async () => {
      await file?.close();
      file = null;
    },
  };
}

const chunkBytes = 256 * 1024;
