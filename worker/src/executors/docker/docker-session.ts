import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { extract, pack } from 'tar-fs';
import type { ExecutorSession, StepCommand, StepEnd, WorkspaceSpec } from '../executor.ts';
import { engineStatus } from './engine-error.ts';
import { demultiplex } from './multiplexed-stream.ts';

export interface DockerExecutorOptions {
  /** The engine runs on this host and sees the worker's folders under the same paths. */
  readonly isLocal: boolean;
}

export const workspaceFolder = '/workspace';
/** Holds the scripts of steps; the container can read it only. */
export const controlFolder = '/sluice';

/** Steps in a started container. Disposing it removes the container, whatever state it is in. */
export function createDockerSession(
  docker: Docker,
  container: Docker.Container,
  spec: WorkspaceSpec,
  { isLocal }: DockerExecutorOptions,
): ExecutorSession {
  let oomKills = 0;
  const control = join(spec.scratch, 'control');

  const placeScript = async (command: StepCommand): Promise<string> => {
    const name = `step-${command.index}`;
    await writeFile(join(control, name), command.script, { mode: 0o755 });
    if (!isLocal) await container.putArchive(tarOf(control, controlFolder), { path: '/' });
    return `${controlFolder}/${name}`;
  };

  const wasOutOfMemory = async (): Promise<boolean> => {
    const before = oomKills;
    oomKills = await countOomKills(container);
    return oomKills > before;
  };

  return {
    runStep: async (command, output, signal) => {
      if (signal.aborted) return { kind: 'stopped' };
      const script = await placeScript(command);
      const exec = await container.exec({
        Cmd: [command.shell, '-e', script],
        Env: Object.entries(command.env).map(([name, value]) => `${name}=${value}`),
        WorkingDir: workspaceFolder,
        AttachStdout: true,
        AttachStderr: true,
      });
      const stream = await exec.start({ hijack: true, stdin: false });
      const ended = demultiplex(stream, output);
      await untilEnded(container, ended, command.graceMs, signal);
      if (signal.aborted) return { kind: 'stopped' };
      return await endOf(docker, container, exec, command, wasOutOfMemory);
    },
    fetchFile: async (path) => {
      if (isLocal) return;
      await copyOut(container, spec.workspace, path);
    },
    dispose: async () => {
      if (isLocal) await giveFilesBack(container);
      await removeContainer(container);
    },
  };
}

async function endOf(
  docker: Docker,
  container: Docker.Container,
  exec: Docker.Exec,
  command: StepCommand,
  wasOutOfMemory: () => Promise<boolean>,
): Promise<StepEnd> {
  const { ExitCode: exitCode, Running: isRunning } = await exec.inspect();
  if (isRunning || exitCode === null) {
    const { State } = await docker.getContainer(container.id).inspect();
    if (State.OOMKilled) return { kind: 'exited', exitCode: 137, outOfMemory: true };
    throw new Error(`the container of step ${command.index} ended without the step: ${State.Status}`);
  }
  const outOfMemory = exitCode !== 0 && (await wasOutOfMemory());
  return { kind: 'exited', exitCode, outOfMemory };
}

/** Resolves when the step's output has ended; on abort, when none of its processes is left. */
async function untilEnded(
  container: Docker.Container,
  ended: Promise<void>,
  graceMs: number,
  signal: AbortSignal,
): Promise<void> {
  const race = new AbortController();
  await Promise.race([ended, once(signal, 'abort', { signal: race.signal })]).finally(() => race.abort());
  if (!signal.aborted) return;
  const settled = ended.catch(() => undefined).then(() => true);
  const endsWithin = (ms: number): Promise<boolean> => Promise.race([settled, sleep(ms, false)]);
  await signalProcesses(container, 'TERM');
  await endsWithin(graceMs);
  await signalProcesses(container, 'KILL');
  if (await endsWithin(2_000)) return;
  await container.kill({ signal: 'SIGKILL' }).catch(() => undefined);
  await endsWithin(2_000);
}

/** Every process of the container but its first, which a signal to "all" does not reach. */
async function signalProcesses(container: Docker.Container, name: 'TERM' | 'KILL'): Promise<void> {
  await runQuietly(container, `kill -${name} -1`).catch(() => undefined);
}

/** Processes of this container that the kernel killed for memory, ever (cgroup v2, then v1). */
async function countOomKills(container: Docker.Container): Promise<number> {
  const files = '/sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control';
  const text = await runQuietly(container, `cat ${files} 2>/dev/null`).catch(() => '');
  return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
}

async function runQuietly(container: Docker.Container, script: string): Promise<string> {
  const exec = await container.exec({ Cmd: ['sh', '-c', script], AttachStdout: true, AttachStderr: true });
  const stream = await exec.start({ hijack: true, stdin: false });
  const parts: Uint8Array[] = [];
  await demultiplex(stream, { write: (_stream, chunk) => void parts.push(chunk), drained: async () => {} });
  return Buffer.concat(parts).toString();
}

/** Steps run as root: a worker that does not could not delete what they wrote. */
async function giveFilesBack(container: Docker.Container): Promise<void> {
  const [user, group] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  if (user === 0) return;
  await runQuietly(container, `chown -R ${user}:${group} ${workspaceFolder}`).catch(() => undefined);
}

async function removeContainer(container: Docker.Container): Promise<void> {
  try {
    await container.remove({ force: true, v: true });
  } catch (error) {
    const status = engineStatus(error);
    if (status !== 404 && status !== 409) throw error; // gone, or being removed
  }
}

async function copyOut(container: Docker.Container, workspace: string, path: string): Promise<void> {
  try {
    const archive = await container.getArchive({ path: join(workspaceFolder, path) });
    await pipeline(archive, extract(dirname(join(workspace, path))));
  } catch (error) {
    if (engineStatus(error) !== 404) throw error;
  }
}

/** A tar of what is in `folder`, to be unpacked at the container's root into `target`. */
export function tarOf(folder: string, target: string): Readable {
  const prefix = target.replace(/^\//, '');
  return Readable.from(pack(folder, { map: (header) => ({ ...header, name: join(prefix, header.name) }) }));
}
