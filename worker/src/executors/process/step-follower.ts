// A step that a keeper runs, followed from its first byte to its end, by the worker that started it or a later one.
import { watch } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSignal } from '../../spool/signal.ts';
import type { StepOutput } from '../executor.ts';
import { growingFile } from './growing-file.ts';
import { stepFiles } from './keeper.ts';
import { isAlive, parseStat, type HostProcess } from './process-table.ts';

export interface StepFollower {
  /** Resolves with the exit code when the step has ended, whatever it left behind; its output may not be complete. */
  readonly ended: Promise<number>;
  /** Resolves when all that was written has been passed on: call it when nothing of the step runs any more. */
  readonly finish: () => Promise<void>;
  /** Ends the following without an end of the step. */
  readonly close: () => Promise<void>;
}

/** Thrown when a step's keeper has vanished before the step's end: killed, or out of disk. */
export class KeeperLostError extends Error {
  override readonly name = 'KeeperLostError';
}

/** Changes are told by the kernel; should it not, we look by ourselves. */
const lookMs = 200;
/** A pipe that is silent so long after everything has ended is held open by a process that escaped. */
const silenceMs = 500;
/** One that is not silent either is waited for so long. */
const patienceMs = 10_000;
const turnBytes = 1024 * 1024;

/** `hasExited` is told by the process that started the keeper; others look for it among the host's processes. */
export function followStep(folder: string, output: StepOutput, hasExited: () => boolean): StepFollower {
  const changes = createSignal();
  const watcher = watchFolder(folder, changes.notify);
  const timer = setInterval(changes.notify, lookMs);
  const files = [
    ['stdout', growingFile(join(folder, stepFiles.stdout))],
    ['stderr', growingFile(join(folder, stepFiles.stderr))],
  ] as const;
  let isClosed = false;
  let mustEndAt: number | null = null;

  const passOn = async (): Promise<number> => {
    let passed = 0;
    for (const [stream, file] of files) {
      passed += await file.read((chunk) => output.write(stream, chunk), turnBytes);
      await output.drained();
    }
    return passed;
  };

  let tellEnd: (exitCode: number) => void = () => undefined;
  let tellFailure: (error: unknown) => void = () => undefined;
  const ended = new Promise<number>((resolve, reject) => {
    tellEnd = resolve;
    tellFailure = reject;
  });
  const follow = async (): Promise<void> => {
    let silentSince = performance.now();
    while (!isClosed) {
      const state = await readStepState(folder);
      const isGone = !state.isCopied && (hasExited() || (await isKeeperGone(folder)));
      const passed = await passOn();
      if (state.exitCode !== null) tellEnd(state.exitCode);
      if (passed > 0) silentSince = performance.now();
      if (mustEndAt !== null && performance.now() > mustEndAt) return;
      if (passed > 0) continue;
      if (state.isCopied) return;
      const after = isGone ? await readStepState(folder) : state;
      if (isGone && !after.isCopied) throw keeperLost(after.exitCode);
      if (mustEndAt === null) silentSince = performance.now();
      else if (performance.now() - silentSince > silenceMs) return;
      await changes.wait();
    }
  };
  const close = async (): Promise<void> => {
    clearInterval(timer);
    watcher?.close();
    for (const [, file] of files) await file.close();
  };
  const following = (async () => {
    try {
      await follow();
    } finally {
      await close();
    }
  })();
  following.catch(tellFailure);
  ended.catch(() => undefined); // whoever waits for it sees it
  return {
    ended,
    finish: async () => {
      mustEndAt = performance.now() + patienceMs;
      changes.notify();
      await following;
    },
    close: async () => {
      isClosed = true;
      changes.notify();
      await following.catch(() => undefined);
    },
  };
}

export interface StepState {
  readonly exitCode: number | null;
  /** All output is in the files. */
  readonly isCopied: boolean;
}

export async function readStepState(folder: string): Promise<StepState> {
  const [text, ...copied] = await Promise.all([
    readFile(join(folder, stepFiles.ended), 'utf8').catch(() => ''),
    ...stepFiles.copied.map((name) => exists(join(folder, name))),
  ]);
  const exitCode = /^(\d{1,3})\n$/.exec(text)?.[1];
  return {
    exitCode: exitCode === undefined ? null : Number(exitCode),
    isCopied: exitCode !== undefined && copied.every(Boolean),
  };
}

/** Who keeps the step; null: nobody has begun it, or has not written so yet. */
export async function readKeeper(folder: string): Promise<HostProcess | null> {
  const line = await readFile(join(folder, stepFiles.begun), 'utf8').catch(() => '');
  return line.endsWith('\n') ? parseStat(line) : null;
}

async function isKeeperGone(folder: string): Promise<boolean> {
  const keeper = await readKeeper(folder);
  return keeper !== null && !(await isAlive(keeper));
}

function keeperLost(exitCode: number | null): KeeperLostError {
  return new KeeperLostError(
    exitCode === null
      ? 'the process that kept this step was killed before the step ended; what the step did meanwhile is not known'
      : 'the end of this step’s output was lost: its disk is full, or a process of the worker was killed',
  );
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Null where the system gives no more watches. */
function watchFolder(folder: string, onChange: () => void): { readonly close: () => void } | null {
  try {
    const watcher = watch(folder, { persistent: false }, onChange);
    watcher.on('error', onChange);
    return watcher;
  } catch {
    return null;
  }
}
