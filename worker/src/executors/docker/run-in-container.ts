// A command beside what a container runs, by `docker exec`. It ends unseen when the container does.
import type Docker from 'dockerode';
import { z } from 'zod';
import { demultiplex } from './multiplexed-stream.ts';

export interface CommandEnd {
  /** Null: the engine no longer knows. */
  readonly exitCode: number | null;
  /** The last of both streams, in the order in which it came. */
  readonly output: string;
}

/** As the container's own user. Rejects with the engine's answer where the container does not run. */
export async function runInContainer(container: Docker.Container, script: string): Promise<CommandEnd> {
  const exec = await container.exec({
    Cmd: ['sh', '-c', script],
    AttachStdout: true,
    AttachStderr: true,
  });
  const stream = await exec.start({ hijack: true, stdin: false });
  let output = '';
  await demultiplex(stream, {
    write: (_, chunk) => {
      output = (output + Buffer.from(chunk).toString('utf8')).slice(-longestOutput);
    },
    drained: async () => {},
  });
  const { ExitCode } = inspected.parse(await exec.inspect());
  return { exitCode: ExitCode, output: output.trim() };
}

const longestOutput = 2_000;
const inspected = z.object({ ExitCode: z.number().int().nullable() });
