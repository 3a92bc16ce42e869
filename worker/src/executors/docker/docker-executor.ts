import { cpus } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { pack } from 'tar-fs';
import type { AdoptedWorkspace, Executor, OpenedWorkspace, WorkspaceSpec } from '../executor.ts';
import { connectAndStart, reconnect } from './container-connection.ts';
import { createContainer } from './create-container.ts';
import { createDockerSession, type DockerExecutorOptions } from './docker-session.ts';
import { engineStatus, messageOf } from './engine-error.ts';
import { giveWorkspace } from './give-workspace.ts';
import { hardened } from './harden.ts';
import { outlastEngine } from './outlast-engine.ts';
import { removeAttempt } from './remove-leftovers.ts';
import { homeFolder, residentCommand, scriptFolder, workspaceFolder } from './resident-shell.ts';
import { createAttemptNetwork } from './services/attempt-network.ts';
import { startServices } from './services/start-services.ts';
import { engineIdsOf, readSessionRecord, type SessionRecord } from './session-record.ts';

/**
 * One container an attempt, which stays warm between steps. Its main process is a shell that starts the steps, one
 * after another, and outlives them (see `resident-shell.ts`). Steps run as root of a container that has few
 * capabilities and cannot gain any, or as the user that the stage asks for. Services are containers beside it: in a
 * network that only this attempt has, or, where the steps have no network, on the steps' own loopback.
 */
export function createDockerExecutor(docker: Docker, options: DockerExecutorOptions): Executor {
  return {
    openWorkspace: (spec, signal) => {
      const { image } = spec;
      if (image === null) {
        return Promise.resolve(refused('The Docker executor needs an image: give the stage one.'));
      }
      let tries = 0;
      return outlastEngine(async () => {
        tries += 1;
        if (tries > 1) await removeAttempt(docker, spec.labels); // of a try whose answer was lost
        return openOrNothing(docker, image, spec, options, signal);
      }, signal);
    },
    adoptWorkspace: (spec) => adoptContainer(docker, spec, options),
  };
}

async function openOrNothing(
  docker: Docker,
  image: string,
  spec: WorkspaceSpec,
  options: DockerExecutorOptions,
  signal: AbortSignal,
): Promise<OpenedWorkspace> {
  try {
    const opened = await openWorkspace(docker, image, spec, options, signal);
    if (opened.kind === 'failed') await removeAttempt(docker, spec.labels);
    return opened;
  } catch (error) {
    await removeAttempt(docker, spec.labels);
    return startFailure(error, spec);
  }
}

/** What it made carries the labels and is the caller's to remove when it fails or rejects. */
async function openWorkspace(
  docker: Docker,
  image: string,
  spec: WorkspaceSpec,
  options: DockerExecutorOptions,
  signal: AbortSignal,
): Promise<OpenedWorkspace> {
  const networkId =
    spec.services.length > 0 && spec.network ? await createAttemptNetwork(docker, spec) : null;
  const settings = await containerOptions(docker, image, spec, options, networkId);
  const created = await createContainer(docker, settings, spec, signal);
  if (!created.ok) return { kind: 'failed', reason: 'image-pull', message: created.error };
  const container = created.value;
  if (!options.isLocal) {
    await spec.filled;
    await container.putArchive(Readable.from(pack(spec.workspace)), { path: workspaceFolder });
  }
  signal.throwIfAborted();
  const started = { container, connection: await connectAndStart(container) };
  if (spec.user !== null) {
    // The checkout belongs to the worker; steps that are not root could write nothing into it.
    await spec.filled;
    const problem = await giveWorkspace(docker, container, spec, spec.user);
    if (problem !== null) return refused(problem);
  }
  const services = await startServices(docker, spec, networkId ?? `container:${container.id}`, signal);
  if (!services.ok) return { kind: 'failed', ...services.error };
  const record = {
    containerId: container.id,
    step: null,
    oomKills: 0,
    refusedForks: 0,
    networkId,
    services: services.value,
  };
  return { kind: 'opened', session: createDockerSession(docker, started, spec, options, record) };
}

async function adoptContainer(
  docker: Docker,
  spec: WorkspaceSpec,
  options: DockerExecutorOptions,
): Promise<AdoptedWorkspace> {
  const record = await readSessionRecord(spec.scratch);
  if (record === null || record.step === null) {
    // Without a step it had services at most, which are opened anew with it.
    if (spec.services.length > 0) await removeAttempt(docker, spec.labels);
    return { kind: 'never-used' };
  }
  const container = docker.getContainer(record.containerId);
  try {
    const connection = await reconnect(container);
    if (!connection.isRunning) return await gone(docker, record, spec, 'it has ended');
    const adopted = createDockerSession(docker, { container, connection }, spec, options, record);
    return { kind: 'adopted', session: adopted };
  } catch (error) {
    const status = engineStatus(error);
    if (status !== 404 && status !== 409) throw error;
    return gone(docker, record, spec, messageOf(error));
  }
}

async function gone(
  docker: Docker,
  record: SessionRecord,
  spec: WorkspaceSpec,
  why: string,
): Promise<AdoptedWorkspace> {
  await docker
    .getContainer(record.containerId)
    .remove({ force: true, v: true })
    .catch(() => undefined);
  if (engineIdsOf(record).length > 1) await removeAttempt(docker, spec.labels);
  return { kind: 'gone', message: `the container of its steps is gone: ${why}` };
}

async function containerOptions(
  docker: Docker,
  image: string,
  spec: WorkspaceSpec,
  options: DockerExecutorOptions,
  networkId: string | null,
): Promise<Docker.ContainerCreateOptions & { readonly Image: string }> {
  const { cpu, memoryBytes, pids } = spec.resources;
  return {
    Image: image,
    Entrypoint: [...residentCommand],
    Cmd: [],
    User: spec.user ?? '0:0',
    WorkingDir: workspaceFolder,
    Labels: { ...spec.labels },
    StopSignal: 'SIGKILL',
    // Its input stays open when the worker that holds the other end is gone.
    OpenStdin: true,
    StdinOnce: false,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    NetworkDisabled: !spec.network && spec.services.length === 0,
    HostConfig: {
      ...hardened(pids),
      NetworkMode: networkId ?? (spec.network ? 'bridge' : 'none'),
      ...(!spec.network && { ExtraHosts: spec.services.map(({ name }) => `${name}:127.0.0.1`) }),
      ReadonlyRootfs: spec.readOnlyRoot,
      // Kept byte for byte until the container is removed: a worker that was killed reads on in it.
      LogConfig: { Type: 'local', Config: { 'max-size': '1000g', 'max-file': '1', compress: 'false' } },
      ...(options.isLocal && { Binds: binds(spec) }),
      Mounts: volumesOf(spec, options),
      // Who may not write into the root needs another place for the scripts of steps.
      ...((spec.user !== null || spec.readOnlyRoot) && {
        Tmpfs: { [scriptFolder]: 'rw,nosuid,nodev,size=64m,mode=1777' },
      }),
      ...(memoryBytes !== null && { Memory: memoryBytes, MemorySwap: memoryBytes }),
      ...(cpu !== null && { NanoCpus: Math.round(Math.min(cpu, await engineCpus(docker)) * 1e9) }),
    },
  };
}

function binds({ workspace, scratch, homeFolders = [] }: WorkspaceSpec): string[] {
  const home = homeFolders.map((folder) => `${join(scratch, 'home', folder)}:${homeFolder}/${folder}`);
  return [`${workspace}:${workspaceFolder}`, ...home];
}

/** Volumes without a name go with their container. */
function volumesOf(spec: WorkspaceSpec, { isLocal }: DockerExecutorOptions): Docker.MountSettings[] {
  const volume = (target: string): Docker.MountSettings => ({
    Type: 'volume',
    Source: '',
    Target: target,
    VolumeOptions: {
      NoCopy: false,
      Labels: { ...spec.labels },
      DriverConfig: { Name: 'local', Options: {} },
    },
  });
  return [...(isLocal ? [] : [volume(workspaceFolder)]), ...(spec.readOnlyRoot ? [volume('/tmp')] : [])];
}

/** The engine refuses a limit above what it has. */
async function engineCpus(docker: Docker): Promise<number> {
  const info: { NCPU?: unknown } = await docker.info();
  return typeof info.NCPU === 'number' ? info.NCPU : cpus().length;
}

/** An image that cannot start is the author's to mend; anything else is ours. */
function startFailure(error: unknown, { image, user }: WorkspaceSpec): OpenedWorkspace {
  const message = messageOf(error);
  if (engineStatus(error) === 400 && /executable file not found|no such file/i.test(message)) {
    return refused(`Image "${image}" has no shell: steps need "sh" on its PATH. Take an image that has one.`);
  }
  if (engineStatus(error) !== null && /unable to find (user|group)|no matching entries in/i.test(message)) {
    return refused(`Image "${image}" has no user "${user}". Take one that it has, or a number.`);
  }
  throw error;
}

function refused(message: string): OpenedWorkspace {
  return { kind: 'failed', reason: 'refused', message };
}
