// For tests: files of a repository, from their paths and texts.
import type { FileTree, FolderEntry } from './find-files.ts';

export type TestFiles = Readonly<Record<string, string | { readonly link: string }>>;

export function aFileTree(files: TestFiles): FileTree {
  return {
    list: (folder) => {
      const prefix = folder === '' || folder === '.' ? '' : `${folder}/`;
      const entries = new Map<string, FolderEntry>();
      for (const [path, content] of Object.entries(files)) {
        if (!path.startsWith(prefix)) continue;
        const [name = '', ...rest] = path.slice(prefix.length).split('/');
        const kind = rest.length > 0 ? 'folder' : typeof content === 'string' ? 'file' : 'link';
        entries.set(name, { name, kind });
      }
      return Promise.resolve(entries.size === 0 ? null : [...entries.values()]);
    },
    read: (path) => {
      const content = files[path];
      return Promise.resolve(typeof content === 'string' && content.length <= 1_048_576 ? content : null);
    },
  };
}
