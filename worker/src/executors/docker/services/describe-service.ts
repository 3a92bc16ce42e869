import type Docker from 'dockerode';
import type { ServiceReport } from '../../executor.ts';
import { engineStatus } from '../engine-error.ts';
import { demultiplex } from '../multiplexed-stream.ts';

export interface StartedService {
  readonly name: string;
  /** Of its container. */
  readonly id: string;
}

const keptLines = 100;

/** How a service is now, and the last of what it wrote. */
export async function describeService(docker: Docker, { name, id }: StartedService): Promise<ServiceReport> {
  const container = docker.getContainer(id);
  try {
    const [{ State }, lines] = await Promise.all([container.inspect(), linesOf(container)]);
    return { name, end: endOf(State), lastLines: lines };
  } catch (error) {
    if (engineStatus(error) !== 404) throw error;
    return { name, end: 'was removed from the engine by somebody else', lastLines: [] };
  }
}

/** Null while it runs. */
export function endOf(state: Docker.ContainerInspectInfo['State']): string | null {
  if (state.Running || state.Status === 'created') return null;
  return state.OOMKilled ? 'ran out of memory' : `ended with exit code ${state.ExitCode}`;
}

/** A few lines for a message, the whole of them stand in the log. */
export function lastLines(lines: readonly string[]): string {
  return lines
    .slice(-5)
    .map((line) => line.slice(0, 300))
    .join(' ⏎ ');
}

async function linesOf(container: Docker.Container): Promise<readonly string[]> {
  const raw = await container.logs({ follow: false, tail: keptLines, stdout: true, stderr: true });
  const chunks: Buffer[] = [];
  await demultiplex(one(raw), {
    write: (_, chunk) => void chunks.push(Buffer.from(chunk)),
    drained: async () => {},
  });
  const text = Buffer.concat(chunks).toString('utf8').trimEnd();
  return text === '' ? [] : text.split(/\r?\n/).slice(-keptLines);
}

async function* one(chunk: Buffer): AsyncGenerator<Buffer> {
  yield chunk;
}
