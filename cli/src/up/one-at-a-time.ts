// One `sluice up` a data folder. What a killed one left running is ended before it is started again.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const patienceMs = 30_000;

/** Throws when another one runs on this folder; gives the function that lets go of it. */
export function holdFolder(dataDir: string): () => Promise<void> {
  const file = `${dataDir}/run/up.pid`;
  mkdirSync(dirname(file), { recursive: true });
  const other = livingProcess(file, 'up');
  if (other !== null && other !== process.pid) {
    throw new Error(
      `Sluice already runs on ${dataDir} (process ${other}): stop that one, or choose another SLUICE_DATA`,
    );
  }
  writeFileSync(file, `${process.pid}\n`);
  return async () => rmSync(file, { force: true });
}

/** Ends the process that a pid file names, if it is still one of ours with that command; waits until it is gone. */
export async function endLeftover(pidFile: string, command: string): Promise<void> {
  const pid = livingProcess(pidFile, command);
  if (pid === null) return;
  process.kill(pid, 'SIGTERM');
  for (const deadline = Date.now() + patienceMs; livingProcess(pidFile, command) === pid; await sleep(50)) {
    if (Date.now() > deadline) process.kill(pid, 'SIGKILL');
  }
}

/** The number may be another program's by now: its command line has to fit. */
function livingProcess(pidFile: string, command: string): number | null {
  try {
    const pid = Number(readFileSync(pidFile, 'utf8'));
    process.kill(pid, 0);
    const words = commandLine(pid);
    return words === null || words.includes(command) ? pid : null;
  } catch {
    return null;
  }
}

/** Null where the system does not tell (only Linux has /proc). */
function commandLine(pid: number): readonly string[] | null {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return null;
  }
}
