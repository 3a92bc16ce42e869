import { readYaml } from './read-yaml.ts';
import type { LoadedPipeline } from './load-pipelines.ts';
import { parsePipeline, type ParsedPipeline } from './parse-pipeline.ts';
import { diagnosticAt, sourceFile } from './source-file.ts';

export interface ParsedFile extends ParsedPipeline {
  readonly file: string;
  /** It is a template: nothing starts it by itself. */
  readonly isTemplate?: true;
}

/** All pipelines of a repository. */
export const parsePipelines = (loaded: readonly LoadedPipeline[]): readonly ParsedFile[] =>
  loaded.map(pipelineReader());

/**
 * Reads the pipelines of one repository, one at a call. Runs are found by the name of their pipeline, so no two may have
 * the same: the later one is broken then.
 */
export function pipelineReader(): (loaded: LoadedPipeline) => ParsedFile {
  const names = new Map<string, string>();
  return ({ file, text, found }) => {
    const parsed = { file, ...parsePipeline(text, file, found) };
    if (parsed.definition === null) return parsed;
    const { name } = parsed.definition;
    const other = names.get(name);
    if (other === undefined) {
      names.set(name, file);
      return parsed;
    }
    const message = `${other} is the pipeline "${name}" already. Give this one another name, such as name: ${name}-2.`;
    const what = { severity: 'error', code: 'duplicate-name', message } as const;
    const diagnostic = diagnosticAt(sourceFile(file, text), nameSpan(text), what);
    return { file, definition: null, diagnostics: [diagnostic, ...parsed.diagnostics] };
  };
}

/** The beginning of a file that does not say its name. */
function nameSpan(text: string): { readonly start: number; readonly end: number } {
  const { root } = readYaml(text);
  const name = root?.kind === 'map' ? root.entries.find(({ key }) => key === 'name') : undefined;
  return name?.value ?? { start: 0, end: 1 };
}
