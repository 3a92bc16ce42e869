// What a container writes, handed to the step that runs. One connection carries the output of all steps.
import type { StepOutput } from '../executor.ts';
import { markedOutput } from './marked-output.ts';
import { demultiplex } from './multiplexed-stream.ts';

export interface ContainerOutput {
  /**
   * Passes on to `output` what stands between the two marks of a step, but for the bytes that it has already. Never
   * called before the last has ended.
   */
  readonly follow: (mark: string, output: StepOutput, had?: StreamBytes) => FollowedStep;
  /** The connection carries nothing more: the container has ended, or the engine is away. */
  readonly isEnded: () => boolean;
}

/** Bytes of a step's output. */
export interface StreamBytes {
  readonly stdout: number;
  readonly stderr: number;
}

export interface FollowedStep {
  /** Both streams have shown that the step began. */
  readonly begun: Promise<unknown>;
  readonly ended: Promise<OutputEnd>;
  readonly passed: () => StreamBytes;
  /** Passes on what was held back because it may have been the beginning of a mark: nothing more will come. */
  readonly flush: () => void;
}

export type OutputEnd =
  /** `rest`: what followed the mark on stdout. */
  { readonly kind: 'marked'; readonly rest: string } | { readonly kind: 'no-more' };

export function readContainerOutput(source: AsyncIterable<Buffer>): ContainerOutput {
  // What comes between steps waits for the next one, because its first mark may be in it.
  const early: [stream: 'stdout' | 'stderr', chunk: Buffer][] = [];
  const nobody: StepOutput = {
    write: (stream, chunk) => void early.push([stream, Buffer.from(chunk)]),
    drained: async () => {},
  };
  let reader = nobody;
  let isEnded = false;
  // A connection that breaks ends too: whoever follows asks the engine what has become of the container.
  const ended = demultiplex(unbroken(source), {
    write: (stream, chunk) => reader.write(stream, chunk),
    drained: () => reader.drained(),
  }).finally(() => (isEnded = true));
  ended.catch(() => undefined); // seen by whoever waits in `follow`

  return {
    isEnded: () => isEnded,
    follow: (mark, output, had = { stdout: 0, stderr: 0 }) => {
      const seen = { stdout: 0, stderr: 0 };
      const pass = (stream: 'stdout' | 'stderr', chunk: Uint8Array): void => {
        const known = Math.max(0, Math.min(chunk.length, had[stream] - seen[stream]));
        seen[stream] += chunk.length;
        if (known < chunk.length) output.write(stream, chunk.subarray(known));
      };
      const stdout = markedOutput(mark, (chunk) => pass('stdout', chunk));
      const stderr = markedOutput(mark, (chunk) => pass('stderr', chunk));
      const streams = { stdout, stderr };
      reader = { write: (stream, chunk) => streams[stream].write(chunk), drained: output.drained };
      for (const [stream, chunk] of early.splice(0)) streams[stream].write(chunk);
      const marked = Promise.all([stdout.ended, stderr.ended]).then(([rest]): OutputEnd => ({
        kind: 'marked',
        rest,
      }));
      const noMore = ended.then((): OutputEnd => ({ kind: 'no-more' }));
      return {
        begun: Promise.all([stdout.begun, stderr.begun]),
        ended: Promise.race([marked, noMore]).finally(() => (reader = nobody)),
        passed: () => ({
          stdout: Math.max(had.stdout, seen.stdout),
          stderr: Math.max(had.stderr, seen.stderr),
        }),
        flush: () => {
          stdout.end();
          stderr.end();
        },
      };
    },
  };
}

async function* unbroken(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const chunks = source[Symbol.asyncIterator]();
  for (;;) {
    const next = await chunks.next().catch(() => ({ done: true as const, value: undefined }));
    if (next.done === true) return;
    yield next.value;
  }
}
