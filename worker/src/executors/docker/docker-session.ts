import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { extract } from 'tar-fs';
import {
  StepLostError,
  type ExecutorSession,
  type StepCommand,
  type StepEnd,
  type StepOutput,
  type WorkspaceSpec,
} from '../executor.ts';
import { reconnect, type ContainerConnection } from './container-connection.ts';
import type { FollowedStep, OutputEnd } from './container-output.ts';
import { openDockerShell } from './docker-shell.ts';
import { engineStatus } from './engine-error.ts';
import { giveWorkspace } from './give-workspace.ts';
import { outlastEngine } from './outlast-engine.ts';
import { removeAttempt } from './remove-leftovers.ts';
import { homeFolder, stepProgram, workspaceFolder } from './resident-shell.ts';
import { runInContainer } from './run-in-container.ts';
import { describeService } from './services/describe-service.ts';
import { writeSessionRecord, type SessionRecord } from './session-record.ts';

export interface DockerExecutorOptions {
  /** The engine runs on this host and sees the worker's folders under the same paths. */
  readonly isLocal: boolean;
}

export interface StartedContainer {
  readonly container: Docker.Container;
  readonly connection: ContainerConnection;
}

/**
 * Steps in a started container. `record`: where the session stands; one that a dead process wrote is adopted. Disposing
 * it removes the container and its services, whatever state they are in.
 */
export function createDockerSession(
  docker: Docker,
  { container, connection: first }: StartedContainer,
  spec: WorkspaceSpec,
  { isLocal }: DockerExecutorOptions,
  record: SessionRecord,
): ExecutorSession {
  let { step: last, oomKills, refusedForks } = record;
  let connection = first;

  const startStep = async (
    command: StepCommand,
    log: StepOutput,
  ): Promise<{ readonly ended: Promise<OutputEnd> }> => {
    if (connection.output.isEnded()) connection = await reconnect(container);
    last = { index: command.index, try: command.try, mark: randomUUID() };
    await writeSessionRecord(spec.scratch, { ...record, step: last, oomKills, refusedForks });
    const followed = connection.output.follow(last.mark, log);
    const program = stepProgram(command, last.mark);
    connection.send(program);
    return { ended: throughOutages({ index: last.index, mark: last.mark, program }, log, followed) };
  };

  const resumeStep = async (
    step: { readonly index: number; readonly mark: string },
    log: StepOutput,
  ): Promise<{ readonly ended: Promise<OutputEnd> }> => {
    const followed = connection.output.follow(step.mark, log);
    // The record was written just before the step was sent: a worker killed in that moment leaves it open which came first.
    if (!(await hasBegun(followed))) throw startUnknown(step.index, 'the worker was killed');
    return { ended: throughOutages({ ...step, program: null }, log, followed) };
  };

  /** The step's end, however often the engine goes away and comes back meanwhile: the container goes on without it. */
  const throughOutages = async (
    step: StepUnderWay,
    log: StepOutput,
    begin: FollowedStep,
  ): Promise<OutputEnd> => {
    let followed = begin;
    let isKnown = false;
    void begin.begun.then(() => (isKnown = true));
    for (let isLastLook = false; ;) {
      const end = await followed.ended;
      if (end.kind === 'marked') return end;
      if (isLastLook) {
        followed.flush();
        return end;
      }
      connection = await reconnect(container);
      isLastLook = !connection.isRunning;
      followed = connection.output.follow(step.mark, log, followed.passed());
      if (isKnown || isLastLook) continue;
      isKnown = await hasBegun(followed);
      if (isKnown) continue;
      // A short program is taken by the container whole or not at all, and this one was not.
      if (step.program === null || step.program.length > wholeBytes)
        throw startUnknown(step.index, 'the Docker engine went away');
      connection.send(step.program);
    }
  };

  return {
    runStep: async (command, log, signal) => {
      const isUnderWay = last?.index === command.index && last.try === command.try;
      if (signal.aborted && !isUnderWay) return { kind: 'stopped' };
      const { ended } =
        last !== null && isUnderWay ? await resumeStep(last, log) : await startStep(command, log);
      const end = await untilEnded(container, ended, command.graceMs, signal);
      if (end === 'stopped') return { kind: 'stopped' };
      if (end.kind === 'no-more') return await endOfContainer(container, command.index);
      const before = { oomKills, refusedForks };
      const counts = parseRest(end.rest);
      ({ oomKills, refusedForks } = counts);
      const { exitCode } = counts;
      return {
        kind: 'exited',
        exitCode,
        outOfMemory: exitCode !== 0 && oomKills > before.oomKills,
        outOfProcesses: exitCode !== 0 && refusedForks > before.refusedForks,
      };
    },
    fetchTree: async (path) => {
      if (isLocal) await giveFilesBack(docker, container, spec);
      else await outlastEngine(() => copyOut(container, spec.workspace, path));
    },
    shellDoor: { kind: 'open', open: (shell) => openDockerShell(container, shell) },
    release: null,
    describeServices: () => Promise.all(record.services.map((service) => describeService(docker, service))),
    fetchFile: async (path) => {
      if (isLocal) return;
      await outlastEngine(() => copyOut(container, spec.workspace, path));
    },
    dispose: async () => {
      if (isLocal) await giveFilesBack(docker, container, spec);
      await outlastEngine(() => removeContainer(container));
      if (record.services.length > 0 || record.networkId !== null)
        await outlastEngine(() => removeAttempt(docker, spec.labels));
    },
  };
}

interface StepUnderWay {
  readonly index: number;
  readonly mark: string;
  /** What was sent for it; null: by an earlier process. */
  readonly program: string | null;
}

async function hasBegun({ begun, ended }: FollowedStep): Promise<boolean> {
  const marked = ended.then(({ kind }) => kind === 'marked');
  return Promise.race([begun.then(() => true), marked, sleep(beginMs, false)]);
}

/** How long the container's output is searched for the beginning of the step. */
const beginMs = 10_000;
/** What a pipe takes in one piece (PIPE_BUF). */
const wholeBytes = 4_096;

const startUnknown = (index: number, because: string): StepLostError =>
  new StepLostError(
    `Just as step ${index + 1} was started, ${because}; whether the step has begun cannot be known.`,
  );

function parseRest(rest: string): { exitCode: number; oomKills: number; refusedForks: number } {
  // The shell of a container that an earlier version started counts no refused processes.
  const [, exitCode, oomKills, refusedForks = 0] = /^(\d+) (\d+)(?: (\d+))?$/.exec(rest) ?? [];
  if (exitCode === undefined)
    throw new Error(`the container's shell said "${rest}" where a step's end was due`);
  return { exitCode: Number(exitCode), oomKills: Number(oomKills), refusedForks: Number(refusedForks) };
}

/** The kernel has killed even the resident shell, or somebody has removed the container. */
async function endOfContainer(container: Docker.Container, step: number): Promise<StepEnd> {
  const { State } = await outlastEngine(() => container.inspect());
  if (State.OOMKilled) return { kind: 'exited', exitCode: 137, outOfMemory: true, outOfProcesses: false };
  throw new Error(`the container of step ${step} ended without the step: ${State.Status}`);
}

/** How the step's output has ended; on abort, `stopped` when none of its processes is left. */
async function untilEnded(
  container: Docker.Container,
  ended: Promise<OutputEnd>,
  graceMs: number,
  signal: AbortSignal,
): Promise<OutputEnd | 'stopped'> {
  const end = await Promise.race([ended, untilAborted(signal, ended)]);
  if (!signal.aborted && end !== 'stopped') return end;
  const settled = ended.catch(() => undefined).then(() => true);
  const endsWithin = (ms: number): Promise<boolean> => Promise.race([settled, sleep(ms, false)]);
  await signalProcesses(container, 'TERM');
  if (await endsWithin(graceMs)) return 'stopped'; // the resident shell has killed whatever was left
  await signalProcesses(container, 'KILL');
  if (await endsWithin(2_000)) return 'stopped';
  await container.kill({ signal: 'SIGKILL' }).catch(() => undefined);
  await endsWithin(2_000);
  return 'stopped';
}

async function untilAborted(signal: AbortSignal, ended: Promise<unknown>): Promise<'stopped'> {
  if (signal.aborted) return 'stopped';
  const waiting = new AbortController();
  const release = (): void => waiting.abort();
  ended.then(release, release);
  await once(signal, 'abort', { signal: waiting.signal }).catch(() => undefined);
  return 'stopped';
}

/** Every process of the container but its first, which a signal to "all" does not reach. */
async function signalProcesses(container: Docker.Container, name: 'TERM' | 'KILL'): Promise<void> {
  await runInContainer(container, `kill -${name} -1`).catch(() => undefined);
}

/** A worker that is not root could not delete what steps wrote. */
async function giveFilesBack(
  docker: Docker,
  container: Docker.Container,
  spec: WorkspaceSpec,
): Promise<void> {
  const [user, group] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  if (user === 0) return;
  const owner = `${user}:${group}`;
  if (spec.user !== null) {
    await giveWorkspace(docker, container, spec, owner).catch(() => undefined);
    return;
  }
  const folders = [workspaceFolder, ...(spec.homeFolders ?? []).map((folder) => `${homeFolder}/${folder}`)];
  const quoted = folders.map((folder) => `'${folder.replaceAll("'", `'\\''`)}'`).join(' ');
  await runInContainer(container, `chown -R ${owner} ${quoted}`).catch(() => undefined);
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
