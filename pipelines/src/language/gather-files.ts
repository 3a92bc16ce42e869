import { findIncluded, type FileTree } from './find-files.ts';
import { joinIncluded, type FoundFiles, type IncludeAnswer } from './join-files.ts';

/** Reads what a pipeline file includes, and what those include, until nothing more is wanted. */
export async function gatherFiles(text: string, file: string, tree: FileTree): Promise<FoundFiles> {
  const includes = new Map<string, IncludeAnswer>();
  for (;;) {
    const { wanted } = joinIncluded(text, file, { includes });
    if (wanted.length === 0) return { includes };
    for (const pattern of wanted) includes.set(pattern, await findIncluded(tree, pattern));
  }
}
