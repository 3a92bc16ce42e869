import type { FileTree, FolderEntry } from '@sluice/pipelines/language/find-files';
import { access, readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';

const limitBytes = 1_048_576;

/** Where a named file lies: its repository's folder, and its path from there, with `/`. */
export interface LocalPlace {
  readonly root: string;
  readonly file: string;
}

/** The nearest folder above that holds `.git`; where there is none, the file's own. */
export async function placeOfFile(named: string): Promise<LocalPlace> {
  const full = path.resolve(named);
  for (let folder = path.dirname(full); ; folder = path.dirname(folder)) {
    if (await isThere(path.join(folder, '.git'))) return placeIn(folder, full);
    if (folder === path.dirname(folder)) return placeIn(path.dirname(full), full);
  }
}

const placeIn = (root: string, full: string): LocalPlace => ({
  root,
  file: path.relative(root, full).split(path.sep).join('/'),
});

/** The files below a folder as they lie there now, committed or not. */
export function localTree(root: string): FileTree {
  return {
    async list(folder) {
      try {
        const entries = await readdir(path.join(root, folder), { withFileTypes: true });
        return entries.map((entry): FolderEntry => ({ name: entry.name, kind: kindOf(entry) }));
      } catch (error) {
        if (error instanceof Error && 'code' in error && absent.has(String(error.code))) return null;
        throw error;
      }
    },
    async read(file) {
      const full = path.join(root, file);
      const { size } = await stat(full);
      return size > limitBytes ? null : readFile(full, 'utf8');
    },
  };
}

const absent = new Set(['ENOENT', 'ENOTDIR']);

function kindOf(entry: {
  isFile: () => boolean;
  isDirectory: () => boolean;
  isSymbolicLink: () => boolean;
}): FolderEntry['kind'] {
  if (entry.isSymbolicLink()) return 'link';
  if (entry.isDirectory()) return 'folder';
  return entry.isFile() ? 'file' : 'other';
}

const isThere = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );
