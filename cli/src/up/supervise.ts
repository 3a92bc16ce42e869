// Keeps one process of ours running: what dies is started again, with a growing pause and a word about it.
//
//   starting ─► running ─┬─► (died) ─► waiting ─► starting
//                        └─► (stop) ─► stopped
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Say } from './say.ts';

export interface SupervisedSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
  /** Holds the process's id while it runs. */
  readonly pidFile: string;
  /** How long a stop may take before SIGKILL. */
  readonly stopMs: number;
}

export interface Supervised {
  /** Ends the process for good: SIGTERM, then SIGKILL after `stopMs`. Calling it again does no harm. */
  readonly stop: () => Promise<void>;
}

const shortestPauseMs = 200;
const longestPauseMs = 5_000;
/** A process that ran this long was healthy: the pause begins anew. */
const healthyMs = 30_000;

export function supervise(spec: SupervisedSpec, say: Say): Supervised {
  for (const file of [spec.logFile, spec.pidFile]) mkdirSync(dirname(file), { recursive: true });
  const log = createWriteStream(spec.logFile, { flags: 'a', mode: 0o600 });
  let child: ChildProcess | null = null;
  let isStopping = false;
  let pauseMs = shortestPauseMs;
  let timer: NodeJS.Timeout | null = null;

  const start = () => {
    const startedAt = Date.now();
    // A group of its own: Ctrl-C reaches us alone, and we end the parts in order.
    child = spawn(spec.command, [...spec.args], {
      env: spec.env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (child.pid !== undefined) writeFileSync(spec.pidFile, `${child.pid}\n`);
    child.stdout?.pipe(log, { end: false });
    child.stderr?.pipe(log, { end: false });
    child.once('error', (error) => log.write(`${spec.name} did not start: ${error.message}\n`));
    child.once('close', (code, signal) => {
      child = null;
      rmSync(spec.pidFile, { force: true });
      if (isStopping) return;
      if (Date.now() - startedAt > healthyMs) pauseMs = shortestPauseMs;
      say(`${spec.name} ended (${signal ?? `exit ${code}`}); starting it again (log: ${spec.logFile})`);
      timer = setTimeout(start, pauseMs);
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    });
  };

  const stop = async () => {
    isStopping = true;
    if (timer !== null) clearTimeout(timer);
    if (child !== null) await end(child, spec.stopMs);
    log.end();
  };

  start();
  return { stop };
}

function end(child: ChildProcess, stopMs: number): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) {
      resolve();
      return;
    }
    const timer = setTimeout(() => child.kill('SIGKILL'), stopMs);
    child.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}
