// The worker of a run on this machine: folders, executors, Docker. Nothing of it is left when it is closed.
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { pino } from 'pino';
import type { Claim } from '@sluice/pipelines/protocol/worker-api';
import { err, ok, type Result } from '@sluice/pipelines/result';
import { hostClock } from '@sluice/worker/attempt-clock';
import { removeRunImages } from '@sluice/worker/build/image-reaper';
import type { Checkout } from '@sluice/worker/checkout/check-out';
import { connectDocker, isLocalEngine } from '@sluice/worker/executors/docker/docker-connection';
import { createDockerExecutor } from '@sluice/worker/executors/docker/docker-executor';
import { removeLeftovers } from '@sluice/worker/executors/docker/remove-leftovers';
import { openHost } from '@sluice/worker/executors/process/open-host';
import { createProcessExecutor } from '@sluice/worker/executors/process/process-executor';
import { endProcesses, removeProcesses } from '@sluice/worker/executors/process/remove-processes';
import { holdFolder } from '@sluice/worker/hold-folder';
import type { ShellHost } from '@sluice/worker/shells/shell-host';
import { openAttemptFolders, type AttemptFolders } from '@sluice/worker/stages/attempt-folders';
import type { LiveAttempt } from '@sluice/worker/stages/live-attempt';
import { runAttempt, type AttemptDependencies, type AttemptDoor } from '@sluice/worker/stages/run-attempt';
import { createStageRunners } from '@sluice/worker/stages/stage-registry';
import { openWorkerFolder } from '@sluice/worker/worker-folder';
import { keptMark, runFolderPrefix } from './clear-dead-runs.ts';
import { checkOutHere } from './check-out-here.ts';
import { copyFiles } from './working-tree.ts';

export interface MachineOptions {
  /** `unix:///path` or `tcp://host:port`. */
  readonly dockerHost: string;
  readonly allowsProcesses: boolean;
  /** The files that every stage with a checkout begins with. */
  readonly source: { readonly root: string; readonly paths: readonly string[] };
  /** Stages work in `source.root` itself. */
  readonly inPlace: boolean;
  /** Workspaces stay. */
  readonly keep: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface RunMachine {
  /** Of this run, in the system's folder for such; gone afterwards unless workspaces are kept. */
  readonly folder: string;
  readonly docker: Docker;
  readonly run: (door: AttemptDoor, nameOf: (attemptId: string) => string) => AttemptRunner;
  /** Removes everything: containers, networks, processes, images of `runId`, folders. */
  readonly close: (runId: string) => Promise<void>;
}

export type AttemptRunner = (claim: Claim, attempt: LiveAttempt) => Promise<void>;

export async function openMachine(options: MachineOptions): Promise<RunMachine> {
  const { dockerHost, env, source, keep, inPlace } = options;
  const root = await mkdtemp(join(tmpdir(), runFolderPrefix));
  const folder = await openWorkerFolder(root);
  const release = await holdFolder(root);
  const docker = connectDocker(dockerHost);
  const log = pino({ level: 'silent' });
  const host = await openHost(
    {
      allowsProcessExecutor: options.allowsProcesses,
      path: env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
      stepIsolation: 'auto',
      stepWritable: inPlace ? [source.root] : [],
      dockerHost,
      folder: join(root, 'worker'),
      home: env['HOME'] ?? null,
      kubeconfigPath: env['KUBECONFIG'] ?? null,
    },
    folder.workerId,
    log,
  );
  const snapshot = join(root, 'source');
  if (!inPlace) await copyFiles(source.root, snapshot, source.paths);
  const checkout: Checkout = inPlace
    ? { checkOut: () => Promise.resolve(ok(undefined)) }
    : checkOutHere({ ...source, snapshot });
  const image = createDockerExecutor(docker, { isLocal: isLocalEngine(dockerHost) });
  const runners = createStageRunners({ image, process: createProcessExecutor(host) });
  return {
    folder: root,
    docker,
    run: (server, nameOf) => {
      const deps: AttemptDependencies = {
        folder,
        server,
        docker,
        checkout,
        runners,
        shells: noShells,
        pods: null,
        log,
        clock: hostClock(),
        endProcesses: (attemptId) => endProcesses(folder.attempts, attemptId, host),
        openFolders: async (attempts, attemptId) => {
          const own = await openAttemptFolders(attempts, attemptId);
          if (inPlace) return inFolder(own, source.root);
          if (!keep) return own;
          const link = join(root, nameOf(attemptId).replace(/[^\w.,()+~-]+/g, '_'));
          await rm(link, { force: true }); // of an earlier attempt
          await symlink(own.workspace, link);
          own.keep();
          return own;
        },
      };
      const never = new AbortController().signal;
      return (claim, attempt) => runAttempt(deps, claim, attempt, never);
    },
    close: async (runId) => {
      if (options.allowsProcesses) await removeProcesses(folder.attempts, new Set(), host);
      await removeFromEngine(docker, folder.workerId, keep ? null : runId);
      await release();
      if (keep) {
        await rm(snapshot, { recursive: true, force: true });
        await writeFile(join(root, keptMark), '');
      } else await rm(root, { recursive: true, force: true, maxRetries: 3, retryDelay: 100 });
    },
  };
}

/** The person's own folder is worked in and never emptied. */
const inFolder = (own: AttemptFolders, workspace: string): AttemptFolders => ({ ...own, workspace });

/** Why the engine cannot be used, with what to do; for people. */
export async function reachDocker(docker: Docker, dockerHost: string): Promise<Result<void, string>> {
  try {
    await docker.ping();
    return ok(undefined);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const hint = /EACCES/.test(why)
      ? 'You may not use it: join its group (usually `docker`), or set DOCKER_HOST to an engine of yours'
      : 'Start it, or set DOCKER_HOST to where it is';
    return err(
      `Docker does not answer at ${dockerHost} (${why}). ${hint}; --executor process runs the steps on this machine without it.`,
    );
  }
}

/** What is not there needs no removing; an engine that is away keeps it for the next run to find. */
export async function removeFromEngine(
  docker: Docker,
  workerId: string,
  runId: string | null,
): Promise<void> {
  try {
    await removeLeftovers(docker, { 'sluice.worker': workerId });
    if (runId !== null) await removeRunImages(docker, 'local', runId);
  } catch {
    return;
  }
}

const noShells: ShellHost = {
  serve: () => {},
  hold: () => Promise.resolve(false),
  held: () => [],
  heed: () => {},
  close: () => Promise.resolve(),
};
