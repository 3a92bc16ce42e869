// For tests: templates of other repositories, by `owner/name/path@version`; names like v3 are tags.
import { nothingFound, type FoundFiles } from '../join-files.ts';
import type { ReadTemplateFile } from './gather-templates.ts';
import type { TemplateAnswer } from './template-definition.ts';
import { templateKey } from './template-name.ts';

export type RemoteFiles = Readonly<Record<string, string>>;

export const remoteTemplates =
  (files: RemoteFiles): ReadTemplateFile =>
  (name) =>
    Promise.resolve(name.kind === 'local' ? null : answerTo(templateKey(name), files));

/** All of them, as if each had been asked for. */
export const foundTemplates = (files: RemoteFiles): FoundFiles => ({
  ...nothingFound,
  templates: new Map(Object.keys(files).map((key) => [key, answerTo(key, files)])),
});

function answerTo(key: string, files: RemoteFiles): TemplateAnswer {
  const text = files[key];
  if (text === undefined) return { kind: 'refused', why: 'is not there.' };
  const [address = '', ref = ''] = key.split('@');
  const [owner = '', repository = '', ...path] = address.split('/');
  return {
    kind: 'found',
    text,
    repository: `${owner}/${repository}`,
    path: path.join('/'),
    commit: 'c'.repeat(40),
    version: /^v\d/.test(ref) ? 'tag' : ref.length === 40 ? 'commit' : 'branch',
  };
}
