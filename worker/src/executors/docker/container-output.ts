// What a container writes, handed to the step that runs. One connection carries the output of all steps.
import type { StepOutput } from '../executor.ts';
import { demultiplex } from './multiplexed-stream.ts';
import { outputUntilMark } from './output-until-mark.ts';

export interface ContainerOutput {
  /** Passes bytes on to `output` until both streams have shown `mark`. Never called before the last has settled. */
  readonly until: (mark: string, output: StepOutput) => Promise<OutputEnd>;
}

export type OutputEnd =
  /** `rest`: what followed the mark on stdout. */
  { readonly kind: 'marked'; readonly rest: string } | { readonly kind: 'container-ended' };

export function readContainerOutput(source: AsyncIterable<Buffer>): ContainerOutput {
  // Between steps nothing runs that could write; whatever comes all the same belongs to the next step.
  let early: [stream: 'stdout' | 'stderr', chunk: Buffer][] = [];
  const nobody: StepOutput = {
    write: (stream, chunk) => void early.push([stream, Buffer.from(chunk)]),
    drained: async () => {},
  };
  let reader = nobody;
  const ended = demultiplex(source, {
    write: (stream, chunk) => reader.write(stream, chunk),
    drained: () => reader.drained(),
  });
  ended.catch(() => undefined); // seen by whoever waits in `until`

  return {
    until: async (mark, output) => {
      const stdout = outputUntilMark(mark, (chunk) => output.write('stdout', chunk));
      const stderr = outputUntilMark(mark, (chunk) => output.write('stderr', chunk));
      const streams = { stdout, stderr };
      reader = { write: (stream, chunk) => streams[stream].write(chunk), drained: output.drained };
      for (const [stream, chunk] of early.splice(0)) streams[stream].write(chunk);
      early = [];
      try {
        return await Promise.race([
          Promise.all([stdout.marked, stderr.marked]).then(([rest]): OutputEnd => ({ kind: 'marked', rest })),
          ended.then((): OutputEnd => {
            stdout.end();
            stderr.end();
            return { kind: 'container-ended' };
          }),
        ]);
      } finally {
        reader = nobody;
      }
    },
  };
}
