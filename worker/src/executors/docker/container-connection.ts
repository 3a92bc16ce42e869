// The worker's end of a container: text for its shell, and what it writes. The container outlives the connection.
import type Docker from 'dockerode';
import { readContainerOutput, type ContainerOutput } from './container-output.ts';
import { outlastEngine } from './outlast-engine.ts';
import { residentPrelude } from './resident-shell.ts';

export interface ContainerConnection {
  /** Text for the resident shell; lost when the connection has broken. */
  readonly send: (text: string) => void;
  readonly output: ContainerOutput;
  /** Whether the container ran when we connected. */
  readonly isRunning: boolean;
}

/** Attached before its start, so that nothing it writes is missed. */
export async function connectAndStart(container: Docker.Container): Promise<ContainerConnection> {
  const stream = await container.attach({
    stream: true,
    hijack: true,
    stdin: true,
    stdout: true,
    stderr: true,
  });
  stream.on('error', () => undefined); // also seen where the output is read
  const output = readContainerOutput(bytesOf(stream));
  stream.write(residentPrelude);
  await container.start();
  return { output, send: (text) => void stream.write(text), isRunning: true };
}

/** To a container that was started before, as soon as its engine answers; its output comes from the first byte on. */
export function reconnect(container: Docker.Container): Promise<ContainerConnection> {
  return outlastEngine(async () => {
    const { State } = await container.inspect();
    const input = State.Running ? await container.attach({ stream: true, hijack: true, stdin: true }) : null;
    input?.on('error', () => undefined); // the container's end is seen in its output
    const log = await container.logs({ follow: true, stdout: true, stderr: true });
    const send = (text: string): void => void input?.write(text);
    return { output: readContainerOutput(bytesOf(log)), send, isRunning: State.Running };
  });
}

async function* bytesOf(stream: AsyncIterable<Buffer | string>): AsyncGenerator<Buffer> {
  for await (const chunk of stream) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
}
