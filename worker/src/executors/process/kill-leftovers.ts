import { readdir, readFile } from 'node:fs/promises';

/**
 * Ends the processes on this host whose HOME is inside `folder`: what steps of a killed worker left, which nobody
 * else can have. Says how many there were. On hosts without /proc it finds none.
 */
export async function killLeftoverProcesses(folder: string): Promise<number> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => ((await livesIn(pid, folder)) ? [Number(pid)] : [])),
  );
  for (const pid of found.flat()) kill(pid);
  return found.flat().length;
}

async function livesIn(pid: string, folder: string): Promise<boolean> {
  const environ = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
  return environ.split('\0').some((entry) => entry.startsWith(`HOME=${folder}/`));
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended by itself
  }
}
