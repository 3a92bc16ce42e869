import { setImmediate } from 'node:timers/promises';
import type { LoadedPipeline } from '@sluice/pipelines/language/load-pipelines';
import { pipelineReader, type ParsedFile } from '@sluice/pipelines/language/parse-pipelines';

/** All pipelines of a repository. Between two of them everybody else has a turn: a hundred large files take long. */
export async function parseInTurns(loaded: readonly LoadedPipeline[]): Promise<readonly ParsedFile[]> {
  const read = pipelineReader();
  const parsed: ParsedFile[] = [];
  for (const each of loaded) {
    parsed.push(read(each));
    await setImmediate();
  }
  return parsed;
}
