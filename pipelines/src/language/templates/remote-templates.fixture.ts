// For tests: templates of other repositories, by `owner/name/path@version`; names like v3 are tags.
import type { ReadTemplateFile } from './gather-templates.ts';
import { templateKey } from './template-name.ts';

export type RemoteFiles = Readonly<Record<string, string>>;

export const remoteTemplates =
  (files: RemoteFiles): ReadTemplateFile =>
  (name) => {
    if (name.kind === 'local') return Promise.resolve(null);
    const key = templateKey(name);
    const text = files[key];
    if (text === undefined) return Promise.resolve({ kind: 'refused', why: 'is not there.' });
    const [owner = '', repository = '', ...path] = name.address.split('/');
    const isTag = /^v\d/.test(name.ref);
    return Promise.resolve({
      kind: 'found',
      text,
      repository: `${owner}/${repository}`,
      path: path.join('/'),
      commit: 'c'.repeat(40),
      version: isTag ? 'tag' : name.ref.length === 40 ? 'commit' : 'branch',
    });
  };
