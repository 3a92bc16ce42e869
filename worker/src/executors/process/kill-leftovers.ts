import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { descendantsOf, listProcesses, sendSignal } from './process-table.ts';

/**
 * Ends the processes on this host whose HOME is inside `folder`, and all that descend from them: what steps of a
 * killed worker left, which nobody else can have. Those of `keep` (folders inside it) stay. Says how many there were.
 * On hosts without /proc it finds none.
 */
export async function killLeftoverProcesses(folder: string, keep: readonly string[] = []): Promise<number> {
  const ended = new Set<number>();
  for (let round = 0; round < rounds; round += 1) {
    const found = await processesIn(folder, keep);
    if (found.length === 0) break;
    for (const pid of found) {
      ended.add(pid);
      sendSignal(pid, 'SIGKILL');
    }
    await sleep(Math.min(100, round * 5));
  }
  return ended.size;
}

/** What is forked while we look is found at the next look, and a killed process takes a moment to go. */
const rounds = 40;

/** Ids of the processes whose HOME is inside `folder` but in none of `keep`, and of their descendants. */
export async function processesIn(folder: string, keep: readonly string[] = []): Promise<readonly number[]> {
  const all = await listProcesses();
  const homes = await Promise.all(all.map(async ({ pid }) => [pid, await homeOf(pid)] as const));
  const isIn = (home: string, place: string): boolean => home.startsWith(`${place}/`);
  const roots = homes.filter(([, home]) => isIn(home, folder) && !keep.some((place) => isIn(home, place)));
  const kept = new Set(
    homes.filter(([, home]) => keep.some((place) => isIn(home, place))).map(([pid]) => pid),
  );
  const found = new Set<number>();
  for (const [pid] of roots) {
    found.add(pid);
    for (const child of descendantsOf(pid, all)) found.add(child.pid);
  }
  return [...found].filter((pid) => !kept.has(pid) && pid !== process.pid);
}

async function homeOf(pid: number): Promise<string> {
  const environ = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
  return (
    environ
      .split('\0')
      .find((entry) => entry.startsWith('HOME='))
      ?.slice(5) ?? ''
  );
}
