import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';

/** Whether a process of this id exists; one of another user's counts. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** The command line of a process, arguments separated by blanks; empty when there is no such process. */
export async function commandLine(pid: number): Promise<string> {
  try {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim();
  } catch {
    if (process.platform === 'linux') return '';
  }
  const listed = await promisify(execFile)('ps', ['-p', String(pid), '-o', 'command=']).catch(() => null);
  return listed?.stdout.trim() ?? '';
}

/** Sends `signal` and waits for the end; after `patienceMs` it is killed. */
export async function endProcess(pid: number, signal: NodeJS.Signals, patienceMs: number): Promise<void> {
  const deadline = Date.now() + patienceMs;
  if (!isAlive(pid)) return;
  process.kill(pid, signal);
  while (!(await hasEnded(pid))) {
    if (Date.now() > deadline) process.kill(pid, 'SIGKILL');
    await sleep(20);
  }
}

/** It holds no port and no file any more; that its parent has not noticed yet does not matter. */
async function hasEnded(pid: number): Promise<boolean> {
  if (!isAlive(pid)) return true;
  if (process.platform !== 'linux') return (await commandLine(pid)) === '';
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // A process gives its files back after its memory, and the last of its threads may do so after the first has ended.
    const threads = await readdir(`/proc/${pid}/task`);
    return /^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2)) && threads.length <= 1;
  } catch {
    return true;
  }
}
