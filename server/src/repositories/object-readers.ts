// One open reader a mirror, closed when nobody has asked for a while.
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CloneSource } from './clone-url.ts';
import { openObjectReader, type ObjectReader } from './object-reader.ts';
import { gitEnvironment } from './run-git.ts';

export interface ObjectReaders {
  /** The reader of a mirror; of a repository on this machine it also sees what was not fetched yet. */
  readonly of: (mirror: string, source: CloneSource) => Promise<ObjectReader>;
  readonly close: () => void;
}

const idleMs = 60_000;

export function objectReaders(limitBytes: number): ObjectReaders {
  const open = new Map<string, { readonly reader: ObjectReader; readonly idle: NodeJS.Timeout }>();

  function end(key: string): void {
    const entry = open.get(key);
    if (entry === undefined) return;
    clearTimeout(entry.idle);
    entry.reader.close();
    open.delete(key);
  }

  return {
    async of(mirror, source) {
      const key = `${mirror}\n${source.url}`;
      const known = open.get(key);
      if (known !== undefined && !known.reader.isClosed()) {
        known.idle.refresh();
        return known.reader;
      }
      end(key);
      const environment = {
        ...gitEnvironment({ source: null, credentials: null }),
        ...(await objectsOnThisMachine(source)),
      };
      const reader = openObjectReader(mirror, environment, limitBytes);
      open.set(key, { reader, idle: setTimeout(() => end(key), idleMs).unref() });
      return reader;
    },
    close() {
      for (const key of open.keys()) end(key);
    },
  };
}

/** Lets Git look into a repository that lies on this machine, so that nothing has to be copied first. */
async function objectsOnThisMachine(source: CloneSource): Promise<Record<string, string>> {
  if (source.scheme !== 'file') return {};
  const folder = fileURLToPath(source.url);
  for (const objects of [path.join(folder, 'objects'), path.join(folder, '.git', 'objects')]) {
    const real = await realpath(objects).catch(() => null);
    // A quote or a colon would have a meaning for Git: such a repository is fetched.
    if (real !== null) return /^[^":;\n]+$/.test(real) ? { GIT_ALTERNATE_OBJECT_DIRECTORIES: real } : {};
  }
  return {};
}
