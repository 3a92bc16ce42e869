import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process of the installation that a test may end and start. */
export interface Part {
  readonly name: string;
  readonly pid: () => number;
  readonly isRunning: () => boolean;
  /** Nothing happens when it is dead. */
  readonly signal: (name: NodeJS.Signals) => void;
  /** SIGKILL. Resolves when the process is gone. */
  readonly kill: () => Promise<void>;
  /** The orderly end that an operator would ask for. Resolves when the process is gone. */
  readonly stop: () => Promise<void>;
  /** Resolves when it answers. */
  readonly start: () => Promise<void>;
}

export interface ProcessSpec {
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly logFile: string;
  readonly answers: () => Promise<boolean>;
  readonly stopSignal?: NodeJS.Signals;
}

const startMs = 90_000;
const stopMs = 60_000;

/** A process that is started by its command and found again by nothing else. */
export function processPart(spec: ProcessSpec): Part {
  let child: ChildProcess | null = null;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const ending = child;
    if (ending === null || ending.exitCode !== null || ending.signalCode !== null) return;
    const ended = new Promise<boolean>((resolve) => ending.once('exit', () => resolve(true)));
    ending.kill(signal);
    ending.kill('SIGCONT'); // one that stands still hears it when it goes on
    if (await Promise.race([ended, sleep(stopMs, false, { ref: false })])) return;
    ending.kill('SIGKILL');
    await ended;
    throw new Error(`${spec.name} did not end within ${stopMs / 1_000} s of ${signal}`);
  };
  return {
    name: spec.name,
    pid: () => child?.pid ?? 0,
    isRunning: () => child !== null && child.exitCode === null && child.signalCode === null,
    signal: (name) => void child?.kill(name),
    kill: () => end('SIGKILL'),
    stop: () => end(spec.stopSignal ?? 'SIGTERM'),
    start: async () => {
      const log = openSync(spec.logFile, 'a', 0o600);
      const [program, ...args] = spec.command;
      const options: SpawnOptions = {
        env: spec.env,
        detached: true,
        stdio: ['ignore', log, log],
        ...(spec.cwd !== undefined && { cwd: spec.cwd }),
      };
      const started = spawn(program, args, options);
      child = started;
      for (const deadline = Date.now() + startMs; Date.now() < deadline; await sleep(20)) {
        if (await spec.answers()) return;
        if (started.exitCode !== null)
          throw new Error(
            `${spec.name} ended at its start: ${readFileSync(spec.logFile, 'utf8').trim().slice(-500)}`,
          );
      }
      throw new Error(`${spec.name} did not answer within ${startMs / 1_000} s; its log: ${spec.logFile}`);
    },
  };
}
