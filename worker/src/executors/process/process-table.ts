// The processes of this host, as Linux tells them. Elsewhere there are none to be seen.
import { readdir, readFile } from 'node:fs/promises';

export interface HostProcess {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  /** Clock ticks since the start of the host; tells two processes apart that had the same number. */
  readonly startTime: number;
}

export async function listProcesses(): Promise<readonly HostProcess[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(pids.map((pid) => readProcess(Number(pid))));
  return found.filter((process) => process !== null);
}

/** Null when there is no such process, or it has ended and only waits for its parent. */
export async function readProcess(pid: number): Promise<HostProcess | null> {
  return parseStat(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''));
}

/** A line of /proc/<pid>/stat. The name may hold anything, so what follows its last bracket is read. */
export function parseStat(line: string): HostProcess | null {
  const pid = Number.parseInt(line, 10);
  const [state, parent, , session, ...rest] = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const startTime = Number(rest[15]);
  if (!Number.isInteger(pid) || !Number.isInteger(startTime) || state === 'Z') return null;
  return { pid, parent: Number(parent), session: Number(session), startTime };
}

/** Whether exactly this process lives; another one may have its number by now. */
export async function isAlive({ pid, startTime }: Pick<HostProcess, 'pid' | 'startTime'>): Promise<boolean> {
  return (await readProcess(pid))?.startTime === startTime;
}

/** All that descend from `pid`, itself not. */
export function descendantsOf(pid: number, processes: readonly HostProcess[]): readonly HostProcess[] {
  const children = new Map<number, HostProcess[]>();
  for (const each of processes) {
    const siblings = children.get(each.parent);
    if (siblings === undefined) children.set(each.parent, [each]);
    else siblings.push(each);
  }
  const found: HostProcess[] = [];
  const open = [pid];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const child of children.get(next) ?? []) {
      found.push(child);
      open.push(child.pid);
    }
  }
  return found;
}

export function sendSignal(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, name);
  } catch {
    // it has ended by itself
  }
}
