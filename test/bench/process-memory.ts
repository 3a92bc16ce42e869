// What processes of this machine use of it: memory in megabytes (10^6 bytes), processor time.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Resident memory of a process, its shared pages included. */
export function residentMb(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return (Number(kib) * 1_024) / 1e6;
}

/** Processor time that a process has used since it began, in milliseconds. */
export function processorMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10; // user and system time, in hundredths of a second
}

/** The heap in use, as the server tells it at `/metrics`. */
export async function heapMb(url: string, token: string): Promise<number> {
  const answer = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  const bytes = /^nodejs_heap_size_used_bytes (\S+)$/m.exec(await answer.text())?.[1];
  return Number(bytes) / 1e6;
}

/** Resident memory of Node processes that do nothing. */
export async function bareNodes(count: number): Promise<readonly number[]> {
  const sizes: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1e6)'], { stdio: 'ignore' });
    await sleep(1_000);
    sizes.push(residentMb(child.pid ?? 0));
    child.kill('SIGKILL');
  }
  return sizes;
}

/** Looks again and again until it is stopped. */
export function sampleMemory(pid: number, everyMs = 200): { readonly stop: () => readonly number[] } {
  const sizes: number[] = [];
  const timer = setInterval(() => sizes.push(residentMb(pid)), everyMs);
  return {
    stop: () => {
      clearInterval(timer);
      return sizes;
    },
  };
}
