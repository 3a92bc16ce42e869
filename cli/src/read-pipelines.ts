// The pipelines that a command is about, each with what it includes, read as the server reads a commit.
import type { Diagnostic } from '@sluice/pipelines/language/diagnostic';
import { gatherFiles } from '@sluice/pipelines/language/gather-files';
import {
  loadPipelines,
  pipelineFolder,
  pipelinePath,
  type LoadedPipeline,
} from '@sluice/pipelines/language/load-pipelines';
import { parsePipeline } from '@sluice/pipelines/language/parse-pipeline';
import { parsePipelines, type ParsedFile } from '@sluice/pipelines/language/parse-pipelines';
import { gatherTemplates } from '@sluice/pipelines/language/templates/gather-templates';
import { checkTemplate, isTemplate } from '@sluice/pipelines/language/templates/parse-template';
import type { Terminal } from './terminal.ts';

/** Null where a file could not be read; why was printed. */
export type ReadPipeline = ParsedFile | null;

/** Those that are named or, where none is, all of the repository in this folder. */
export async function readPipelines(
  files: readonly string[],
  io: Terminal,
): Promise<readonly ReadPipeline[]> {
  if (files.length === 0) return readAll(io);
  const read: ReadPipeline[] = [];
  for (const file of files) read.push(await readOne(file, io));
  return read;
}

/** The one to carry out: the named one or, where none is, `.sluice.yml` or the only one in `.sluice/`. */
export async function readOnePipeline(file: string | null, io: Terminal): Promise<ReadPipeline> {
  const read = await readPipelines(file === null ? [] : [file], io);
  const main = read.find((each) => each?.file === pipelinePath);
  const [first = null, second] = read;
  if (main !== undefined || second === undefined) return main ?? first;
  const files = read.map((each) => each?.file ?? '').join(', ');
  io.write(`Say which pipeline is meant, by its file: ${files}.\n`);
  return null;
}

async function readAll(io: Terminal): Promise<readonly ReadPipeline[]> {
  const loaded = await loadPipelines(io.tree('.'));
  if (loaded.ok && loaded.value.length > 0) {
    const complete: LoadedPipeline[] = [];
    for (const each of loaded.value)
      complete.push({ ...each, found: await gatherTemplates(each, io.template('.')) });
    return parsePipelines(complete);
  }
  const why = loaded.ok ? `${pipelinePath} is not there, nor is a .yml in ${pipelineFolder}.` : loaded.error;
  io.write(`${why} Name the file, or go to the folder that holds ${pipelinePath}.\n`);
  return [null];
}

async function readOne(named: string, io: Terminal): Promise<ReadPipeline> {
  const text = await readPipelineFile(named, io);
  if (text === null) return null;
  const { root, file } = await io.placeOf(named);
  const found = await gatherFiles(text, file, io.tree(root));
  const complete = await gatherTemplates({ text, file, found }, io.template(root));
  if (isTemplate(text)) {
    const wrong = asNamed(checkTemplate(text, file, complete), named, file);
    return { file: named, definition: null, diagnostics: wrong, isTemplate: true };
  }
  const { definition, diagnostics } = parsePipeline(text, file, complete);
  return { file: named, definition, diagnostics: asNamed(diagnostics, named, file) };
}

/** Files are shown from where the named one was named from, so that an editor finds them. */
function asNamed(diagnostics: readonly Diagnostic[], named: string, file: string): readonly Diagnostic[] {
  const before = named.endsWith(file) ? named.slice(0, named.length - file.length) : '';
  return diagnostics.map((each) => {
    if (each.file === file) return { ...each, file: named };
    // A template of another repository: its name has a version.
    return each.file.includes('@') ? each : { ...each, file: before + each.file };
  });
}

/** The text of a pipeline file; null, after a message that says what to do, where it cannot be read. */
export async function readPipelineFile(
  file: string,
  io: Pick<Terminal, 'readFile' | 'write'>,
): Promise<string | null> {
  try {
    return await io.readFile(file);
  } catch (error) {
    const reason =
      error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'is not there' : String(error);
    io.write(`${file} ${reason}. Name the file, or go to the folder that holds ${pipelinePath}.\n`);
    return null;
  }
}
