// The engine answers build, pull and push with a stream of JSON objects, one a line.
import { z } from 'zod';

const engineMessage = z.object({
  id: z.string().optional(),
  stream: z.string().optional(),
  status: z.string().optional(),
  progressDetail: z.object({ current: z.number().optional(), total: z.number().optional() }).optional(),
  aux: z.unknown().optional(),
  /** A failed build or push ends with this message and without an error of the stream. */
  error: z.string().optional(),
});
export type EngineMessage = z.infer<typeof engineMessage>;

/** Ends with the stream; throws when it breaks off or does not hold such messages. */
export async function* engineMessages(stream: NodeJS.ReadableStream): AsyncGenerator<EngineMessage> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream) {
    const parts = (
      rest + (typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }))
    ).split('\n');
    rest = parts.pop() ?? '';
    yield* parts.flatMap(parseLine);
  }
  yield* parseLine(rest + decoder.decode());
}

function parseLine(line: string): EngineMessage[] {
  return line.trim() === '' ? [] : [engineMessage.parse(JSON.parse(line))];
}
