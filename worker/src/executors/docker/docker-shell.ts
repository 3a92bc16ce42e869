import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type Docker from 'dockerode';
import type { ShellProcess, ShellSpec } from '../executor.ts';
import { workspaceFolder } from './resident-shell.ts';

/** Bash where the image has one. */
const startShell = 'if command -v bash >/dev/null 2>&1; then exec bash -i; else exec sh -i; fi';

/** What a shell of a person starts carries this in its environment, so that all of it can be ended. */
const markName = 'SLUICE_SHELL';

/** Opens a terminal in the container, as the user that the container runs as. */
export async function openDockerShell(
  container: Docker.Container,
  { env, cols, rows }: ShellSpec,
): Promise<ShellProcess> {
  const mark = randomUUID();
  const all = { TERM: 'xterm-256color', ...env, [markName]: mark };
  const exec = await container.exec({
    Cmd: ['sh', '-c', startShell],
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Tty: true,
    WorkingDir: workspaceFolder,
    Env: Object.entries(all).map(([name, value]) => `${name}=${value}`),
  });
  const stream: Duplex = await exec.start({ hijack: true, stdin: true, Tty: true });
  stream.on('error', () => undefined); // seen where the output is read
  const resize = async (width: number, height: number): Promise<void> => {
    await exec.resize({ w: width, h: height }).catch(() => undefined); // it has ended meanwhile
  };
  await resize(cols, rows);
  return {
    output: bytesOf(stream),
    write: (bytes) => {
      if (!stream.destroyed) stream.write(bytes);
    },
    resize,
    exitCode: async () => {
      try {
        return (await exec.inspect()).ExitCode;
      } catch {
        return null; // the container is gone, and the shell with it
      }
    },
    close: async () => {
      stream.destroy();
      await endProcesses(container, mark);
    },
  };
}

async function* bytesOf(stream: AsyncIterable<Buffer | string>): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of stream) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
  } catch {
    // closed by us, or the engine is gone: either way nothing more comes
  }
}

/** The engine leaves a process alone whose terminal is gone, and it may have started others. */
async function endProcesses(container: Docker.Container, mark: string): Promise<void> {
  const script = `for p in /proc/[0-9]*; do grep -q "${markName}=${mark}" "$p/environ" 2>/dev/null && kill -9 "\${p#/proc/}"; done`;
  try {
    const exec = await container.exec({ Cmd: ['sh', '-c', script], AttachStdout: true, AttachStderr: true });
    const stream = await exec.start({ hijack: true, stdin: false });
    for await (const _ of stream);
  } catch {
    // the container is gone, or ends: nothing of the shell is left
  }
}
