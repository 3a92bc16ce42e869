import { findIncluded, type FileTree } from './find-files.ts';
import { joinIncluded, nothingFound, type FoundFiles, type IncludeAnswer } from './join-files.ts';
import { gatherTemplates, type ReadTemplateFile } from './templates/gather-templates.ts';

/**
 * Reads what a pipeline file includes, what those include, and the templates of this repository that they use, until
 * nothing more is wanted. Templates of other repositories are left for `gatherTemplates`.
 */
export async function gatherFiles(text: string, file: string, tree: FileTree): Promise<FoundFiles> {
  const includes = new Map<string, IncludeAnswer>();
  for (;;) {
    const { wanted } = joinIncluded(text, file, { ...nothingFound, includes });
    if (wanted.length === 0) break;
    for (const pattern of wanted) includes.set(pattern, await findIncluded(tree, pattern));
  }
  return gatherTemplates({ text, file, found: { ...nothingFound, includes } }, fromTree(tree));
}

const fromTree =
  (tree: FileTree): ReadTemplateFile =>
  async (name) => {
    if (name.kind === 'remote') return null;
    const answer = await findIncluded(tree, name.path);
    if (answer.kind === 'refused') return answer;
    const [{ text } = { text: '' }] = answer.files;
    return { kind: 'found', text, repository: null, path: name.path, commit: null, version: 'none' };
  };
