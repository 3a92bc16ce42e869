import { spawn } from 'node:child_process';
import { access, mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutorSession, StepCommand, StepEnd, WorkspaceSpec } from '../executor.ts';
import { keeperArguments, stepFiles, stepProgram } from './keeper.ts';
import { hostShells } from './host-shell.ts';
import { killLeftoverProcesses, processesIn } from './kill-leftovers.ts';
import { descendantsOf, isAlive, listProcesses, sendSignal, type HostProcess } from './process-table.ts';
import type { ProcessSessionOptions } from './process-session-options.ts';
import { readBootId, writeSessionRecord } from './session-record.ts';
import { homeFolder, stepFolder, tmpFolder } from './session-folders.ts';
import { followStep, readKeeper, type StepFollower } from './step-follower.ts';

/**
 * Steps on this host, each in a folder of its own that says all about it. A step that has begun is followed, by
 * whichever process of this worker asks for it, and never started again.
 */
export function createProcessSession(spec: WorkspaceSpec, options: ProcessSessionOptions): ExecutorSession {
  const { group } = options;
  const shells = hostShells(spec, options);
  let unclean = 0;
  return {
    runStep: async (command, output, signal) => {
      const folder = stepFolder(spec.scratch, command.index, command.try);
      const hasBegun = await isThere(join(folder, stepFiles.begun));
      if (signal.aborted && !hasBegun) return { kind: 'stopped' };
      unclean += 1;
      const onCleanEnd = (): void => void (unclean -= 1);
      const hasExited = hasBegun ? () => false : await startKeeper(folder, command, spec, options);
      const follower = followStep(folder, output, hasExited);
      try {
        return await untilEnded({ folder, spec, options, command, signal, follower, onCleanEnd });
      } finally {
        await follower.close();
        await shells.closeAll();
      }
    },
    shellDoor: shells.door,
    release: null,
    fetchFile: async () => {},
    fetchTree: async () => {},
    describeServices: async () => [],
    dispose: async () => {
      await shells.closeAll();
      await group?.remove();
      // A sandbox has ended with its step, so that nothing need be looked for among all processes of the host.
      if (options.sandbox.kind === 'none' || unclean > 0) await killLeftoverProcesses(spec.scratch);
      unclean = 0;
    },
  };
}

/** Says whether the keeper has exited. The worker that started it may be gone by then: it is in a session of its own. */
async function startKeeper(
  folder: string,
  command: StepCommand,
  spec: WorkspaceSpec,
  { path, sandbox, group, pids }: ProcessSessionOptions,
): Promise<() => boolean> {
  const { workspace, scratch } = spec;
  const script = join(folder, stepFiles.script);
  const [home, tmp] = [homeFolder(scratch), tmpFolder(scratch)];
  await mkdir(folder, { recursive: true });
  await writeFile(script, command.script, { mode: 0o700 });
  if (group !== null) await writeFile(join(folder, killsBefore), String(await group.oomKills()));
  await writeSessionRecord(scratch, { bootId: (await readBootId()) ?? 'unknown' });
  const wrapping =
    sandbox.kind === 'bubblewrap' ? sandbox.wrap({ workspace, home, tmp, script }, spec.network) : ownSession;
  const keeper = spawn('/bin/sh', keeperArguments(folder, group?.doors ?? [], [...wrapping, 'sh', '-s']), {
    cwd: folder,
    env: { PATH: path, HOME: home, LANG: 'C.UTF-8' },
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  let exited = false;
  await new Promise<void>((resolve, reject) => {
    keeper.once('error', reject);
    keeper.once('spawn', resolve);
  });
  keeper.once('exit', () => (exited = true));
  keeper.stdin.on('error', () => undefined); // it has exited, which is seen
  keeper.stdin.end(stepProgram(command, { workspace, script, pids: group === null ? pids : null }));
  return () => exited;
}

/** How many processes had been killed for memory when the step began; a worker that takes over counts from there. */
const killsBefore = 'oom-kills';

/** A step's processes can be told from their keeper's by their session. */
const ownSession: readonly string[] = process.platform === 'linux' ? ['setsid'] : [];

interface RunningStep {
  readonly folder: string;
  readonly spec: WorkspaceSpec;
  readonly options: ProcessSessionOptions;
  readonly command: StepCommand;
  readonly signal: AbortSignal;
  readonly follower: StepFollower;
  /** Called when it has ended by itself and so has its keeper. */
  readonly onCleanEnd: () => void;
}

async function untilEnded(step: RunningStep): Promise<StepEnd> {
  const { follower, signal, command } = step;
  const stopping = stopOnAbort(step);
  try {
    const exitCode = await follower.ended;
    await stopping.settled();
    await endTheRest(step);
    await follower.finish();
    if (signal.aborted) return { kind: 'stopped' };
    await assertEntered(step.folder);
    await untilKeeperLeft(step.folder);
    step.onCleanEnd();
    const outOfMemory = exitCode !== 0 && (await wasOutOfMemory(step));
    return { kind: 'exited', exitCode, outOfMemory, outOfProcesses: false };
  } catch (error) {
    await stopping.settled();
    await endTheRest(step);
    if (signal.aborted) return { kind: 'stopped' };
    throw new Error(`step ${command.index + 1}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

async function untilKeeperLeft(folder: string): Promise<void> {
  const keeper = await readKeeper(folder);
  for (let tries = 0; tries < 100 && keeper !== null && (await isAlive(keeper)); tries += 1)
    await sleep(tries);
}

/** What isolates a step did not come up: that is not the step's failure. */
async function assertEntered(folder: string): Promise<void> {
  if ((await readFile(join(folder, stepFiles.entered))).length > 0) return;
  const said = (await readFile(join(folder, stepFiles.stderr), 'utf8').catch(() => '')).trim();
  throw new Error(`its surroundings could not be made${said === '' ? '' : `: ${said.slice(-500)}`}`);
}

async function wasOutOfMemory({ folder, options: { group } }: RunningStep): Promise<boolean> {
  const before = Number(await readFile(join(folder, killsBefore), 'utf8').catch(() => '0'));
  return group !== null && (await group.oomKills()) > before;
}

/** In a sandbox nothing outlives its first process; elsewhere what the step left is looked for. */
async function endTheRest({ folder, spec, options }: RunningStep): Promise<void> {
  await options.group?.kill();
  if (options.sandbox.kind === 'bubblewrap') return;
  for (const pid of await processesOfStep(folder, spec)) sendSignal(pid, 'SIGKILL');
}

function stopOnAbort({ folder, spec, options, command, signal, follower }: RunningStep): {
  readonly settled: () => Promise<void>;
} {
  const ended = follower.ended.then(
    () => true,
    () => true,
  );
  const signalAll = async (name: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    for (const pid of await processesOfStep(folder, spec)) sendSignal(pid, name);
  };
  const stop = async (): Promise<void> => {
    await signalAll('SIGTERM');
    if (await Promise.race([ended, sleep(command.graceMs, false)])) return;
    for (let round = 0; round < 20; round += 1) {
      await options.group?.kill();
      await signalAll('SIGKILL');
      if (await Promise.race([ended, sleep(100, false)])) return;
    }
    await killLeftoverProcesses(spec.scratch); // with its keeper, which tells no end any more
  };
  let stopped: Promise<void> | null = null;
  const onAbort = (): void => {
    stopped = stop();
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return {
    settled: async () => {
      signal.removeEventListener('abort', onAbort);
      await stopped;
    },
  };
}

/**
 * Everything that the step started and that can be found: descendants of its keeper, processes in sessions of those,
 * and those with the attempt's HOME; but neither the keeper nor what passes the output on.
 */
async function processesOfStep(folder: string, spec: WorkspaceSpec): Promise<readonly number[]> {
  const keeper = await begunKeeper(folder);
  const all = await listProcesses();
  const marked = new Set(await processesIn(spec.scratch));
  const below = keeper === null ? [] : descendantsOf(keeper.pid, all);
  const sessions = new Set(below.map(({ session }) => session));
  return all
    .filter(
      ({ pid, session }) =>
        marked.has(pid) || sessions.has(session) || below.some((each) => each.pid === pid),
    )
    .filter(({ session }) => session !== keeper?.pid && session > 0)
    .map(({ pid }) => pid);
}

/** A step that is stopped at its very beginning may not have begun yet. */
export async function begunKeeper(folder: string): Promise<HostProcess | null> {
  for (let tries = 0; tries < 100; tries += 1) {
    const keeper = await readKeeper(folder);
    if (keeper !== null) return keeper;
    await sleep(20);
  }
  return null;
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/**
 * Makes sure that nobody begins the step any more; true: nobody has. A keeper whose worker died at that moment may be
 * about to begin it: whoever makes the file first decides.
 */
export async function preventStep(folder: string): Promise<boolean> {
  try {
    const file = await open(join(folder, stepFiles.begun), 'wx');
    await file.close();
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}
