import { err, ok, type Result } from '../result.ts';
import type { FileTree, FolderEntry } from './find-files.ts';
import { gatherFiles } from './gather-files.ts';
import type { FoundFiles } from './join-files.ts';

export const pipelinePath = '.sluice.yml';
export const pipelineFolder = '.sluice';
const maxPipelines = 100;
/** Of all pipelines with what they include and use of this repository; what two of them share counts twice. */
const mostCharacters = 8 * 1_048_576;

/** A pipeline file with everything that it includes. */
export interface LoadedPipeline {
  readonly file: string;
  readonly text: string;
  readonly found: FoundFiles;
}

/**
 * Every pipeline of a repository: `.sluice.yml`, and what lies directly in `.sluice/` and ends in .yml or .yaml.
 * None where there is no such file. The error says which of them cannot be used, and why.
 */
export async function loadPipelines(tree: FileTree): Promise<Result<readonly LoadedPipeline[], string>> {
  const paths = await pipelinePaths(tree);
  if (!paths.ok) return paths;
  const loaded: LoadedPipeline[] = [];
  let left = mostCharacters;
  for (const file of paths.value) {
    const text = await tree.read(file);
    if (text === null) return err(`${file} is larger than 1 MiB, and no more is read.`);
    if (file !== pipelinePath && isList(text)) continue;
    const found = await gatherFiles(text, file, tree);
    left -= text.length + charactersOf(found);
    if (left < 0)
      return err(
        'The pipelines, with all that they include and use, are larger than 8 MiB, and no more is read.',
      );
    loaded.push({ file, text, found });
  }
  return ok(loaded);
}

function charactersOf({ includes, templates, lists }: FoundFiles): number {
  const files = [...includes.values(), ...lists.values()].flatMap((answer) =>
    answer.kind === 'refused' ? [] : answer.files,
  );
  const used = [...templates.values()].flatMap((answer) => (answer.kind === 'refused' ? [] : [answer]));
  return [...files, ...used].reduce((sum, { text }) => sum + text.length, 0);
}

/** Such as of accepted findings, which a pipeline names. */
function isList(text: string): boolean {
  const first = text.split('\n').find((line) => /^\s*[^\s#]/.test(line) && line.trim() !== '---');
  return first !== undefined && /^\s*(-(\s|$)|\[)/.test(first);
}

async function pipelinePaths(tree: FileTree): Promise<Result<readonly string[], string>> {
  const top = (await tree.list('')) ?? [];
  const folder = top.find(({ name }) => name === pipelineFolder);
  const inFolder = folder?.kind === 'folder' ? ((await tree.list(pipelineFolder)) ?? []) : [];
  const found = [
    ...top.filter(({ name }) => name === pipelinePath),
    ...inFolder
      .filter(({ name, kind }) => /^[^.].*\.ya?ml$/.test(name) && kind !== 'folder')
      .map((entry) => ({ ...entry, name: `${pipelineFolder}/${entry.name}` })),
  ];
  const odd = found.find(({ kind }) => kind !== 'file') ?? (folder?.kind === 'link' ? folder : undefined);
  if (odd !== undefined) return err(unusable(odd));
  if (found.length > maxPipelines)
    return err(`${pipelineFolder} holds ${found.length} pipelines, and at most ${maxPipelines} are read.`);
  return ok(found.map(({ name }) => name).toSorted());
}

function unusable({ name, kind }: FolderEntry): string {
  const what = kind === 'link' ? 'symbolic link' : 'folder';
  return `${name} is a ${what}; make it a plain ${name === pipelineFolder ? 'folder' : 'file'}.`;
}
