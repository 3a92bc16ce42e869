// Runs steps on the worker's own host: no isolation but a clean environment and a process group. For repositories
// whose authors may do anything that the worker's user may.
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable } from 'node:stream';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type {
  Executor,
  ExecutorSession,
  StepCommand,
  StepEnd,
  StepOutput,
  WorkspaceSpec,
} from '../executor.ts';
import { copyOutput } from './copy-output.ts';

export interface ProcessExecutorOptions {
  /** The operator's word; the server has already checked that the repository is trusted. */
  readonly isAllowed: boolean;
  /** PATH of the steps. */
  readonly path: string;
}

export function createProcessExecutor(options: ProcessExecutorOptions): Executor {
  return {
    openWorkspace: async (spec) => {
      const refusal = whyNot(spec, options);
      if (refusal !== null) return { kind: 'failed', reason: 'refused', message: refusal };
      await mkdir(join(spec.scratch, 'home'), { recursive: true });
      return { kind: 'opened', session: createProcessSession(spec, options.path) };
    },
    adoptWorkspace: null,
  };
}

function whyNot(spec: WorkspaceSpec, { isAllowed }: ProcessExecutorOptions): string | null {
  const { network, resources } = spec;
  if (!isAllowed) {
    return 'This worker runs no steps on its own host. Give the stage an "image", or start the worker with SLUICE_ALLOW_PROCESS_EXECUTOR=1.';
  }
  if (!network)
    return 'Steps without an image cannot be cut off from the network. Give the stage an "image".';
  if (spec.services.length > 0) {
    return 'Steps without an image cannot have services beside them. Give the stage an "image".';
  }
  if (spec.user !== null || spec.readOnlyRoot) {
    return 'Steps without an image run as the worker itself and see its host. Give the stage an "image", or remove "user" and "read_only".';
  }
  if (resources.memoryBytes !== null || resources.cpu !== null || resources.pids !== null) {
    return 'Steps without an image cannot be limited in CPU, memory or processes. Give the stage an "image", or remove "resources".';
  }
  return null;
}

function createProcessSession(spec: WorkspaceSpec, path: string): ExecutorSession {
  const groups = new Set<number>();
  const base = { PATH: path, HOME: join(spec.scratch, 'home'), LANG: 'C.UTF-8' };
  return {
    runStep: async (command, output, signal) => {
      if (signal.aborted) return { kind: 'stopped' };
      const script = join(spec.scratch, `step-${command.index}`);
      await writeFile(script, command.script, { mode: 0o700 });
      const child = spawn(command.shell, ['-e', script], {
        cwd: spec.workspace,
        env: { ...base, ...command.env },
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      if (child.pid !== undefined) groups.add(child.pid);
      return await follow(child, command, output, signal);
    },
    fetchFile: async () => {},
    dispose: async () => {
      for (const group of groups) killGroup(group, 'SIGKILL');
      groups.clear();
    },
  };
}

type StepProcess = ChildProcessByStdio<null, Readable, Readable>;

async function follow(
  child: StepProcess,
  command: StepCommand,
  output: StepOutput,
  signal: AbortSignal,
): Promise<StepEnd> {
  const exited = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, name) => resolve(code ?? 128 + signalNumber(name)));
  });
  const copies = [copyOutput(child.stdout, 'stdout', output), copyOutput(child.stderr, 'stderr', output)];
  const stopping = stopOnAbort(child, exited, command.graceMs, signal);
  const exitCode = await exited;
  await stopping.finish();
  await Promise.all(copies.map((copy) => copy.finish()));
  return signal.aborted ? { kind: 'stopped' } : { kind: 'exited', exitCode, outOfMemory: false };
}

function stopOnAbort(
  child: StepProcess,
  exited: Promise<number>,
  graceMs: number,
  signal: AbortSignal,
): { finish: () => Promise<void> } {
  const group = child.pid;
  const stop = async (): Promise<void> => {
    if (group === undefined) return;
    killGroup(group, 'SIGTERM');
    await Promise.race([exited.catch(() => undefined), sleep(graceMs)]);
    killGroup(group, 'SIGKILL');
  };
  let stopped: Promise<void> | null = null;
  const onAbort = (): void => {
    stopped = stop();
  };
  signal.addEventListener('abort', onAbort, { once: true });
  return {
    finish: async () => {
      signal.removeEventListener('abort', onAbort);
      await stopped;
    },
  };
}

function killGroup(group: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(-group, name);
  } catch {
    // nobody of the group is left
  }
}

function signalNumber(name: NodeJS.Signals | null): number {
  return name === 'SIGKILL'
    ? 9
    : name === 'SIGTERM'
      ? 15
      : name === 'SIGSEGV'
        ? 11
        : name === 'SIGABRT'
          ? 6
          : 1;
}
