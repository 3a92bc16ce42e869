import { cpus } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import type { AdoptedWorkspace, Executor, OpenedWorkspace, WorkspaceSpec } from '../executor.ts';
import { connectAndStart, reconnect } from './container-connection.ts';
import { createDockerSession, tarOf, type DockerExecutorOptions } from './docker-session.ts';
import { engineStatus, messageOf } from './engine-error.ts';
import { outlastEngine } from './outlast-engine.ts';
import { ensureImage } from './pull-image.ts';
import { removeLeftovers } from './remove-leftovers.ts';
import { readSessionRecord } from './session-record.ts';
import { residentCommand, workspaceFolder } from './resident-shell.ts';

/**
 * One container an attempt, which stays warm between steps. Its main process is a shell that starts the steps, one
 * after another, and outlives them (see `resident-shell.ts`). Steps run as root of a container that has few
 * capabilities and cannot gain any.
 */
export function createDockerExecutor(docker: Docker, options: DockerExecutorOptions): Executor {
  return {
    openWorkspace: (spec, signal) => {
      let tries = 0;
      return outlastEngine(async () => {
        tries += 1;
        if (tries > 1) await removeLeftovers(docker, spec.labels); // of a try whose answer was lost
        return openContainer(docker, spec, options, signal);
      }, signal);
    },
    adoptWorkspace: (spec) => adoptContainer(docker, spec, options),
  };
}

async function openContainer(
  docker: Docker,
  spec: WorkspaceSpec,
  options: DockerExecutorOptions,
  signal: AbortSignal,
): Promise<OpenedWorkspace> {
  const { image } = spec;
  if (image === null) return refused('The Docker executor needs an image: give the stage one.');
  const create = async (): Promise<Docker.Container> =>
    docker.createContainer(await containerOptions(docker, image, spec, options));
  // Looking for the image first would cost the usual case, in which it is there, a round trip.
  let container = await create().catch(unlessImageIsMissing);
  if (container === null) {
    const available = await ensureImage(docker, image, spec.registryCredentials, spec.onProgress, signal);
    if (!available.ok) return { kind: 'failed', reason: 'image-pull', message: available.error };
    container = await create();
  }
  try {
    if (!options.isLocal) {
      await spec.filled;
      await container.putArchive(tarOf(spec.workspace, workspaceFolder), { path: '/' });
    }
    signal.throwIfAborted();
    const started = { container, connection: await connectAndStart(container) };
    const record = { containerId: container.id, step: null, oomKills: 0 };
    return { kind: 'opened', session: createDockerSession(started, spec, options, record) };
  } catch (error) {
    await container.remove({ force: true, v: true });
    return startFailure(error, image);
  }
}

async function adoptContainer(
  docker: Docker,
  spec: WorkspaceSpec,
  options: DockerExecutorOptions,
): Promise<AdoptedWorkspace> {
  const record = await readSessionRecord(spec.scratch);
  if (record === null || record.step === null) return { kind: 'never-used' };
  const container = docker.getContainer(record.containerId);
  try {
    const connection = await reconnect(container);
    if (!connection.isRunning) return await gone(container, 'it has ended');
    const adopted = createDockerSession({ container, connection }, spec, options, record);
    return { kind: 'adopted', session: adopted };
  } catch (error) {
    const status = engineStatus(error);
    if (status !== 404 && status !== 409) throw error;
    return gone(container, messageOf(error));
  }
}

async function gone(container: Docker.Container, why: string): Promise<AdoptedWorkspace> {
  await container.remove({ force: true, v: true }).catch(() => undefined);
  return { kind: 'gone', message: `the container of its steps is gone: ${why}` };
}

function unlessImageIsMissing(error: unknown): null {
  const status = engineStatus(error);
  if (status === 404 || (status === 400 && /reference format/i.test(messageOf(error)))) return null;
  throw error;
}

async function containerOptions(
  docker: Docker,
  image: string,
  spec: WorkspaceSpec,
  options: DockerExecutorOptions,
): Promise<Docker.ContainerCreateOptions> {
  const { cpu, memoryBytes } = spec.resources;
  return {
    Image: image,
    Entrypoint: [...residentCommand],
    Cmd: [],
    User: '0:0',
    WorkingDir: workspaceFolder,
    Labels: { ...spec.labels },
    StopSignal: 'SIGKILL',
    // Its input stays open when the worker that holds the other end is gone.
    OpenStdin: true,
    StdinOnce: false,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    NetworkDisabled: !spec.network,
    HostConfig: {
      NetworkMode: spec.network ? 'bridge' : 'none',
      SecurityOpt: ['no-new-privileges'],
      CapDrop: ['ALL'],
      CapAdd: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'SETUID', 'SETGID', 'KILL', 'NET_BIND_SERVICE'],
      PidsLimit: 4_096,
      // Kept byte for byte until the container is removed: a worker that was killed reads on in it.
      LogConfig: { Type: 'local', Config: { 'max-size': '1000g', 'max-file': '1', compress: 'false' } },
      ...(options.isLocal && { Binds: binds(spec) }),
      ...(memoryBytes !== null && { Memory: memoryBytes, MemorySwap: memoryBytes }),
      ...(cpu !== null && { NanoCpus: Math.round(Math.min(cpu, await engineCpus(docker)) * 1e9) }),
    },
  };
}

/** The home of root, as which steps run. */
const homeFolder = '/root';

function binds({ workspace, scratch, homeFolders = [] }: WorkspaceSpec): string[] {
  const home = homeFolders.map((folder) => `${join(scratch, 'home', folder)}:${homeFolder}/${folder}`);
  return [`${workspace}:${workspaceFolder}`, ...home];
}

/** The engine refuses a limit above what it has. */
async function engineCpus(docker: Docker): Promise<number> {
  const info: { NCPU?: unknown } = await docker.info();
  return typeof info.NCPU === 'number' ? info.NCPU : cpus().length;
}

/** An image that cannot start is the author's to mend; anything else is ours. */
function startFailure(error: unknown, image: string): OpenedWorkspace {
  const message = messageOf(error);
  if (engineStatus(error) === 400 && /executable file not found|no such file/i.test(message)) {
    return refused(`Image "${image}" has no shell: steps need "sh" on its PATH. Take an image that has one.`);
  }
  throw error;
}

function refused(message: string): OpenedWorkspace {
  return { kind: 'failed', reason: 'refused', message };
}
