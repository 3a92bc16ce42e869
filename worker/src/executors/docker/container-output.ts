// What a container writes, handed to the step that runs. One connection carries the output of all steps.
import type { StepOutput } from '../executor.ts';
import { markedOutput } from './marked-output.ts';
import { demultiplex } from './multiplexed-stream.ts';

export interface ContainerOutput {
  /** Passes on to `output` what stands between the two marks of a step. Never called before the last has ended. */
  readonly follow: (mark: string, output: StepOutput) => FollowedStep;
}

export interface FollowedStep {
  /** Both streams have shown that the step began. */
  readonly begun: Promise<unknown>;
  readonly ended: Promise<OutputEnd>;
}

export type OutputEnd =
  /** `rest`: what followed the mark on stdout. */
  { readonly kind: 'marked'; readonly rest: string } | { readonly kind: 'container-ended' };

export function readContainerOutput(source: AsyncIterable<Buffer>): ContainerOutput {
  // What comes between steps waits for the next one, because its first mark may be in it.
  const early: [stream: 'stdout' | 'stderr', chunk: Buffer][] = [];
  const nobody: StepOutput = {
    write: (stream, chunk) => void early.push([stream, Buffer.from(chunk)]),
    drained: async () => {},
  };
  let reader = nobody;
  const ended = demultiplex(source, {
    write: (stream, chunk) => reader.write(stream, chunk),
    drained: () => reader.drained(),
  });
  ended.catch(() => undefined); // seen by whoever waits in `follow`

  return {
    follow: (mark, output) => {
      const stdout = markedOutput(mark, (chunk) => output.write('stdout', chunk));
      const stderr = markedOutput(mark, (chunk) => output.write('stderr', chunk));
      const streams = { stdout, stderr };
      reader = { write: (stream, chunk) => streams[stream].write(chunk), drained: output.drained };
      for (const [stream, chunk] of early.splice(0)) streams[stream].write(chunk);
      const marked = Promise.all([stdout.ended, stderr.ended]).then(([rest]): OutputEnd => ({
        kind: 'marked',
        rest,
      }));
      const cut = ended.then((): OutputEnd => {
        stdout.end();
        stderr.end();
        return { kind: 'container-ended' };
      });
      return {
        begun: Promise.all([stdout.begun, stderr.begun]),
        ended: Promise.race([marked, cut]).finally(() => (reader = nobody)),
      };
    },
  };
}
