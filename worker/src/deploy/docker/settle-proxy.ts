// A worker that is killed while it replaces a proxy leaves the new process to start by itself: it may take over a moment
// after the next worker has looked, or stay beside the one that this worker starts, with servers that are gone.
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { pidFile, type ProxyFiles } from './haproxy-process.ts';
import { proxyPid } from './haproxy-socket.ts';

/** A process that starts has bound its listeners well before. */
const patienceMs = 15_000;

/**
 * Leaves one process of this proxy that takes requests: waits for those that are being started, and lets all but the
 * one that answers finish what they have. To be called when a worker starts, before it looks at the proxy. Where
 * there is no /proc, nothing happens.
 */
export async function settleProxy(files: ProxyFiles): Promise<void> {
  const until = performance.now() + patienceMs;
  while ((await processesOf(files)).some(({ isDaemon }) => !isDaemon) && performance.now() < until) {
    await sleep(50);
  }
  const chosen = await proxyPid(files.socket);
  if (chosen === null) return;
  for (const { pid } of await processesOf(files)) if (pid !== chosen) finish(pid);
}

interface ProxyProcess {
  readonly pid: number;
  /** It has a session of its own: it has started, and nobody waits for it. */
  readonly isDaemon: boolean;
}

async function processesOf(files: ProxyFiles): Promise<readonly ProxyProcess[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(pids.map((name) => readProcess(Number(name), pidFile(files))));
  return found.flatMap((each) => each ?? []);
}

async function readProcess(pid: number, mark: string): Promise<ProxyProcess | null> {
  try {
    const args = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
    if (args[args.indexOf('-p') + 1] !== mark) return null;
    // The command's name stands in brackets and may hold anything.
    const [, , , session] =
      (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ').at(-1)?.split(' ') ?? [];
    return { pid, isDaemon: Number(session) === pid };
  } catch {
    return null; // it has ended
  }
}

/** HAProxy takes no new connections and ends with its last one; one that does so already goes on with it. */
function finish(pid: number): void {
  try {
    process.kill(pid, 'SIGUSR1');
  } catch {
    // it has ended
  }
}
