import {
  attemptPast,
  pastChunk,
  type AttemptPast,
  type PastChunk,
} from '@sluice/pipelines/protocol/worker-api';
import { historyFromPast, IncompletePastError, type AttemptHistory } from '../stages/attempt-history.ts';
import { ServerAwayError, type HttpDoor } from './http-door.ts';

export interface KnownPast {
  readonly past: AttemptPast;
  readonly history: AttemptHistory;
}

/** Reads the log as it comes and keeps only its digest, so a log of any size may be taken over. */
export async function readPast(
  door: HttpDoor,
  attemptId: string,
  fence: number,
  signal: AbortSignal,
): Promise<KnownPast> {
  const lines = door.lines({ path: `/worker/attempts/${attemptId}/past?fence=${fence}`, signal });
  try {
    const first = await lines.next();
    const past = attemptPast.parse(JSON.parse(first.value ?? 'null'));
    return { past, history: await historyFromPast(past, chunksOf(lines)) };
  } catch (error) {
    await lines.return(undefined).catch(() => undefined);
    // A connection that was cut in the middle is told from a server that refuses.
    if (error instanceof IncompletePastError || error instanceof SyntaxError) {
      throw new ServerAwayError(error.message, { cause: error });
    }
    throw error;
  }
}

async function* chunksOf(lines: AsyncGenerator<string>): AsyncGenerator<PastChunk> {
  for await (const line of lines) yield pastChunk.parse(JSON.parse(line));
}
