import { findIncluded } from '@sluice/pipelines/language/find-files';
import type { ReadTemplateFile } from '@sluice/pipelines/language/templates/gather-templates';
import type { TemplateAnswer } from '@sluice/pipelines/language/templates/template-definition';
import { readFromGit } from './git-templates.ts';
import { localTree } from './local-files.ts';
import { git } from './local-run/working-tree.ts';

/** Repository → a folder with its files, as `--template org/templates=../templates` says. */
export type TemplateFolders = Readonly<Record<string, string>>;

/**
 * Reads templates of other repositories for the checkout in `root`: from a folder that was named, as the files lie
 * there, and otherwise by Git.
 */
export const findTemplate =
  (root: string, folders: TemplateFolders): ReadTemplateFile =>
  async (name) => {
    if (name.kind === 'local') return null;
    const { address, ref } = name;
    const known = Object.entries(folders).find(([repository]) => address.startsWith(`${repository}/`));
    if (known !== undefined) return fromFolder(known, address);
    const [owner = '', short = '', ...rest] = address.split('/');
    const repository = `${owner}/${short}`;
    const origin = await git(root, ['remote', 'get-url', 'origin']);
    if (!origin.ok) {
      const why = `is in another repository, and this folder has no remote "origin" to find it by. Name a checkout of it: --template ${repository}=../${short}.`;
      return { kind: 'refused', why };
    }
    return readFromGit(origin.value.trim(), { repository, path: rest.join('/'), ref });
  };

async function fromFolder(
  [repository, folder]: readonly [string, string],
  address: string,
): Promise<TemplateAnswer> {
  const path = address.slice(repository.length + 1);
  const found = await findIncluded(localTree(folder), path);
  if (found.kind === 'refused') return found;
  const [{ text } = { text: '' }] = found.files;
  return { kind: 'found', text, repository, path, commit: null, version: 'commit' };
}
