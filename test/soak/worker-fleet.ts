// Workers in processes of their own, each with a folder of its own, that are killed and start again.
import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface WorkerFleet {
  readonly size: number;
  /** SIGKILL; it is started again at once. */
  readonly kill: (index: number) => void;
  /** When its process was started, in ms since the epoch; null: it has none. */
  readonly startedAt: (index: number) => number | null;
  /** SIGTERM to all, and no new start; resolves when all are gone. */
  readonly stop: () => Promise<void>;
}

export interface FleetOptions {
  readonly size: number;
  /** A folder for those of the workers. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const bin = fileURLToPath(new URL('../../cli/bin/sluice.js', import.meta.url));

export function startFleet({ size, folder, environment }: FleetOptions): WorkerFleet {
  let isStopping = false;
  const children: (ChildProcess | null)[] = [];
  const starts: number[] = [];
  const ends: Promise<void>[] = [];

  const start = (index: number): void => {
    const own = dataFolder(folder, index);
    mkdirSync(own, { recursive: true });
    const log = createWriteStream(join(own, 'worker.log'), { flags: 'a' });
    const child = spawn(process.execPath, [bin, 'worker'], {
      env: { ...environment, SLUICE_DATA: own },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    children[index] = child;
    starts[index] = Date.now();
    ends[index] = new Promise((resolve) => {
      child.once('close', () => {
        children[index] = null;
        log.end();
        resolve();
        if (!isStopping) start(index);
      });
    });
  };
  for (let index = 0; index < size; index += 1) start(index);
  return {
    size,
    kill: (index) => void children[index]?.kill('SIGKILL'),
    startedAt: (index) => (children[index] === null ? null : (starts[index] ?? null)),
    stop: async () => {
      isStopping = true;
      for (const child of children) child?.kill('SIGTERM');
      await Promise.all(ends);
    },
  };
}

export const dataFolder = (folder: string, index: number): string => join(folder, `worker-${index}`);
