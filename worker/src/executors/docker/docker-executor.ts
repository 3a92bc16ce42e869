import { mkdir } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import type { Executor, OpenedWorkspace, WorkspaceSpec } from '../executor.ts';
import {
  controlFolder,
  createDockerSession,
  tarOf,
  workspaceFolder,
  type DockerExecutorOptions,
} from './docker-session.ts';
import { engineStatus, messageOf } from './engine-error.ts';
import { ensureImage } from './pull-image.ts';

/**
 * One container an attempt, which stays warm between steps. Its main process only waits, so it outlives every
 * step, reaps what steps leave behind, and is not hit by the signals that end a step. Steps run as root of a
 * container that has few capabilities and cannot gain any.
 */
export function createDockerExecutor(docker: Docker, options: DockerExecutorOptions): Executor {
  return {
    openWorkspace: async (spec, signal) => {
      const { image } = spec;
      if (image === null) return refused('The Docker executor needs an image: give the stage one.');
      const available = await ensureImage(docker, image, spec.registryCredentials, spec.onProgress, signal);
      if (!available.ok) return { kind: 'failed', reason: 'image-pull', message: available.error };
      await mkdir(join(spec.scratch, 'control'), { recursive: true });
      const container = await docker.createContainer(await containerOptions(docker, image, spec, options));
      try {
        if (!options.isLocal)
          await container.putArchive(tarOf(spec.workspace, workspaceFolder), { path: '/' });
        signal.throwIfAborted();
        await container.start();
        return { kind: 'opened', session: createDockerSession(docker, container, spec, options) };
      } catch (error) {
        await container.remove({ force: true, v: true });
        return startFailure(error, image);
      }
    },
  };
}

const holder = "trap 'exit 0' TERM INT; while :; do sleep 86400 & wait $!; done";

async function containerOptions(
  docker: Docker,
  image: string,
  spec: WorkspaceSpec,
  options: DockerExecutorOptions,
): Promise<Docker.ContainerCreateOptions> {
  const { cpu, memoryBytes } = spec.resources;
  return {
    Image: image,
    Entrypoint: ['sh', '-c', holder],
    Cmd: [],
    User: '0:0',
    WorkingDir: workspaceFolder,
    Labels: { ...spec.labels },
    StopSignal: 'SIGKILL',
    NetworkDisabled: !spec.network,
    HostConfig: {
      NetworkMode: spec.network ? 'bridge' : 'none',
      SecurityOpt: ['no-new-privileges'],
      CapDrop: ['ALL'],
      CapAdd: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'SETUID', 'SETGID', 'KILL', 'NET_BIND_SERVICE'],
      PidsLimit: 4_096,
      LogConfig: { Type: 'none', Config: {} },
      ...(options.isLocal && {
        Binds: [
          `${spec.workspace}:${workspaceFolder}`,
          `${join(spec.scratch, 'control')}:${controlFolder}:ro`,
        ],
      }),
      ...(memoryBytes !== null && { Memory: memoryBytes, MemorySwap: memoryBytes }),
      ...(cpu !== null && { NanoCpus: Math.round(Math.min(cpu, await engineCpus(docker)) * 1e9) }),
    },
  };
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
