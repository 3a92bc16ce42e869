import { findIncluded, type FileTree } from './find-files.ts';
import { entriesOf, nodeAt } from './find-node.ts';
import type { IncludeAnswer } from './included-files.ts';
import { joinIncluded, nothingFound, type FoundFiles } from './join-files.ts';
import { normalisePath, pathProblem } from './read-path.ts';
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
  const lists = await gatherLists(text, file, { ...nothingFound, includes }, tree);
  return gatherTemplates({ text, file, found: { ...nothingFound, includes, lists } }, fromTree(tree));
}

const mostLists = 20;

/** The files that `scan.allow` names, each once. */
async function gatherLists(
  text: string,
  file: string,
  found: FoundFiles,
  tree: FileTree,
): Promise<FoundFiles['lists']> {
  const lists = new Map<string, IncludeAnswer>();
  const { root } = joinIncluded(text, file, found);
  for (const { value } of entriesOf(nodeAt(root ?? undefined, 'stages'))) {
    const allow = nodeAt(value, 'scan', 'allow');
    if (allow?.kind !== 'scalar' || typeof allow.value !== 'string') continue;
    if (pathProblem(allow.value) !== null || lists.size >= mostLists) continue;
    const path = normalisePath(allow.value);
    if (!lists.has(path)) lists.set(path, await findIncluded(tree, path));
  }
  return lists;
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
