import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { extract, pack } from 'tar-fs';
import type { ExecutorSession, StepEnd, WorkspaceSpec } from '../executor.ts';
import type { ContainerOutput, OutputEnd } from './container-output.ts';
import { engineStatus } from './engine-error.ts';
import { demultiplex } from './multiplexed-stream.ts';
import { stepProgram, workspaceFolder } from './resident-shell.ts';

export interface DockerExecutorOptions {
  /** The engine runs on this host and sees the worker's folders under the same paths. */
  readonly isLocal: boolean;
}

export interface StartedContainer {
  readonly container: Docker.Container;
  /** Text for the resident shell. */
  readonly send: (text: string) => void;
  readonly output: ContainerOutput;
}

/** Steps in a started container. Disposing it removes the container, whatever state it is in. */
export function createDockerSession(
  { container, send, output }: StartedContainer,
  spec: WorkspaceSpec,
  { isLocal }: DockerExecutorOptions,
): ExecutorSession {
  let oomKills = 0;
  return {
    runStep: async (command, log, signal) => {
      if (signal.aborted) return { kind: 'stopped' };
      const mark = randomUUID();
      send(stepProgram(command, mark));
      const ended = output.until(mark, log);
      await untilEnded(container, ended, command.graceMs, signal);
      if (signal.aborted) return { kind: 'stopped' };
      const before = oomKills;
      const end = await ended;
      if (end.kind === 'container-ended') return await endOfContainer(container, command.index);
      const [exitCode, kills] = parseRest(end.rest);
      oomKills = kills;
      return { kind: 'exited', exitCode, outOfMemory: exitCode !== 0 && kills > before };
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

function parseRest(rest: string): readonly [exitCode: number, oomKills: number] {
  const [, exitCode, oomKills] = /^(\d+) (\d+)$/.exec(rest) ?? [];
  if (exitCode === undefined)
    throw new Error(`the container's shell said "${rest}" where a step's end was due`);
  return [Number(exitCode), Number(oomKills)];
}

/** The kernel has killed even the resident shell, or somebody has removed the container. */
async function endOfContainer(container: Docker.Container, step: number): Promise<StepEnd> {
  const { State } = await container.inspect();
  if (State.OOMKilled) return { kind: 'exited', exitCode: 137, outOfMemory: true };
  throw new Error(`the container of step ${step} ended without the step: ${State.Status}`);
}

/** Resolves when the step's output has ended; on abort, when none of its processes is left. */
async function untilEnded(
  container: Docker.Container,
  ended: Promise<OutputEnd>,
  graceMs: number,
  signal: AbortSignal,
): Promise<void> {
  const race = new AbortController();
  await Promise.race([ended, once(signal, 'abort', { signal: race.signal })]).finally(() => race.abort());
  if (!signal.aborted) return;
  const settled = ended.catch(() => undefined).then(() => true);
  const endsWithin = (ms: number): Promise<boolean> => Promise.race([settled, sleep(ms, false)]);
  await signalProcesses(container, 'TERM');
  if (await endsWithin(graceMs)) return; // the resident shell has killed whatever was left
  await signalProcesses(container, 'KILL');
  if (await endsWithin(2_000)) return;
  await container.kill({ signal: 'SIGKILL' }).catch(() => undefined);
  await endsWithin(2_000);
}

/** Every process of the container but its first, which a signal to "all" does not reach. */
async function signalProcesses(container: Docker.Container, name: 'TERM' | 'KILL'): Promise<void> {
  await runQuietly(container, `kill -${name} -1`).catch(() => undefined);
}

async function runQuietly(container: Docker.Container, script: string): Promise<void> {
  const exec = await container.exec({ Cmd: ['sh', '-c', script], AttachStdout: true, AttachStderr: true });
  const stream = await exec.start({ hijack: true, stdin: false });
  await demultiplex(stream, { write: () => {}, drained: async () => {} });
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
