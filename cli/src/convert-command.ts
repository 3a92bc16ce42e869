import { convertPipeline } from '@sluice/pipelines/convert/convert-pipeline';
import { systems, type System } from '@sluice/pipelines/convert/detect-system';
import { noteDiagnostic } from '@sluice/pipelines/convert/note';
import pc from 'picocolors';
import { printDiagnostics } from './lint-command.ts';
import { readPipelineFile } from './read-pipelines.ts';
import type { ConvertTerminal } from './terminal.ts';

export interface ConvertCommandOptions {
  readonly file: string;
  /** gitlab, github or woodpecker; not given: told by the file's path and keys. */
  readonly from?: string | undefined;
  /** Where the pipeline is written; not given: to the terminal. */
  readonly output?: string | undefined;
  readonly json: boolean;
}

/**
 * Turns a pipeline of another system into a first one of ours: the pipeline to the terminal or a file, and beside it
 * everything that was changed or left out, at its line. Gives the exit code: 1 where the file cannot be read, 0 also
 * where a part of it was left out.
 */
export async function convertCommand(options: ConvertCommandOptions, io: ConvertTerminal): Promise<number> {
  const { file, output } = options;
  const aside = { ...io, write: io.say };
  const system = systems.find((each) => each === options.from) ?? null;
  if (options.from !== undefined && system === null) {
    io.say(`There is no system "${options.from}". Use --from ${systems.join(', --from ')}.\n`);
    return 1;
  }
  const text = await readPipelineFile(file, aside);
  if (text === null) return 1;
  const result = convertPipeline(text, file, system);
  if (options.json) {
    io.write(`${JSON.stringify(result, null, 2)}\n`);
    return result.kind === 'converted' ? 0 : 1;
  }
  if (result.kind === 'broken') {
    printDiagnostics(result.diagnostics, aside);
    return 1;
  }
  if (output !== undefined && !(await writeOutput(output, result.pipeline, io))) return 1;
  if (output === undefined) io.write(result.pipeline);
  const diagnostics = result.notes.map((note) => noteDiagnostic(note, file));
  printDiagnostics(diagnostics, aside);
  io.say(`${summary(result, io.colour)}\n`);
  return 0;
}

async function writeOutput(path: string, text: string, io: ConvertTerminal): Promise<boolean> {
  try {
    await io.writeFile(path, text);
    return true;
  } catch (error) {
    const isThere = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    io.say(
      isThere
        ? `${path} is there already. Remove it, or name another file.\n`
        : `${path} cannot be written: ${String(error)}\n`,
    );
    return false;
  }
}

const titles = { gitlab: 'GitLab CI', github: 'GitHub Actions', woodpecker: 'Woodpecker' } satisfies Record<
  System,
  string
>;

function summary(
  result: Extract<ReturnType<typeof convertPipeline>, { kind: 'converted' }>,
  colour: boolean,
): string {
  const { carried, changed, leftOut, total } = result.counts;
  const colours = pc.createColors(colour);
  const kept = `${carried + changed} of ${total} keys of ${titles[result.system]} carried over`;
  const rest = [
    ...(changed > 0 ? [`${changed} of them changed`] : []),
    ...(leftOut > 0 ? [`${leftOut} left out`] : []),
  ];
  return (leftOut === 0 ? colours.green : colours.yellow)([kept, ...rest].join(', '));
}
