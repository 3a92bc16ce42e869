import type { FileTree, FolderEntry } from '@sluice/pipelines/language/find-files';
import type { GitObject, ObjectReader } from './object-reader.ts';

/** Of the list of names in one folder, and of what a reader gives out at all. */
export const objectLimitBytes = 16 * 1_048_576;
const fileLimitBytes = 1_048_576;

/** Thrown when the mirror has not all of a commit. */
export class ObjectMissingError extends Error {
  constructor(name: string) {
    super(`the object ${name} is not in the mirror`);
    this.name = 'ObjectMissingError';
  }
}

/**
 * The files of a commit, without a checkout. Every call rejects with `ObjectMissingError` when the mirror does not
 * have the commit, or not all of it.
 */
export function gitTree(reader: () => Promise<ObjectReader>, commit: string): FileTree {
  const folders = new Map<string, Promise<ReadonlyMap<string, TreeEntry> | null>>();

  function entriesOf(folder: string): Promise<ReadonlyMap<string, TreeEntry> | null> {
    const known = folders.get(folder);
    if (known !== undefined) return known;
    const reading = readFolder(folder);
    folders.set(folder, reading);
    return reading;
  }

  async function readFolder(folder: string): Promise<ReadonlyMap<string, TreeEntry> | null> {
    if (folder === '') return parseTree(await readObject(`${commit}^{tree}`), commit.length / 2);
    const entry = await entryOf(folder);
    return entry?.kind === 'folder' ? parseTree(await readObject(entry.object), commit.length / 2) : null;
  }

  async function entryOf(path: string): Promise<TreeEntry | undefined> {
    const slash = path.lastIndexOf('/');
    const entries = await entriesOf(path.slice(0, Math.max(0, slash)));
    return entries?.get(path.slice(slash + 1));
  }

  async function readObject(name: string): Promise<GitObject> {
    const object = await (await reader()).read(name);
    if (object === null) throw new ObjectMissingError(name);
    return object;
  }

  return {
    async list(folder) {
      const entries = await entriesOf(folder);
      return entries === null ? null : [...entries.values()];
    },
    async read(path) {
      const entry = await entryOf(path);
      if (entry?.kind !== 'file') throw new Error(`${path} is not a file of ${commit}`);
      const { bytes, size } = await readObject(entry.object);
      return bytes === null || size > fileLimitBytes ? null : bytes.toString('utf8');
    },
  };
}

interface TreeEntry extends FolderEntry {
  readonly object: string;
}

/** A tree is a row of `<mode> <name>\0<object name in binary>`. */
function parseTree({ bytes }: GitObject, nameBytes: number): ReadonlyMap<string, TreeEntry> {
  if (bytes === null) throw new Error(`a folder of the repository lists more than ${objectLimitBytes} bytes`);
  const entries = new Map<string, TreeEntry>();
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(0, at);
    if (end === -1) break;
    const [mode = '', ...words] = bytes.toString('utf8', at, end).split(' ');
    const name = words.join(' ');
    at = end + 1 + nameBytes;
    entries.set(name, { name, kind: kindOf(mode), object: bytes.toString('hex', end + 1, at) });
  }
  return entries;
}

function kindOf(mode: string): FolderEntry['kind'] {
  switch (mode) {
    case '100644':
    case '100755':
      return 'file';
    case '40000':
      return 'folder';
    case '120000':
      return 'link';
    default:
      return 'other';
  }
}
