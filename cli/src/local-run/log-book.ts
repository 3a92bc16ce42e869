// The logs of a run on this machine: whole in a file for each stage, their ends in memory.
import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogLine } from '@sluice/pipelines/protocol/worker-api';

export interface LogBook {
  readonly add: (stage: string, lines: readonly LogLine[]) => void;
  /** By the stage: its last line that holds anything, and how many there are. */
  readonly ends: ReadonlyMap<string, { readonly last: string; readonly lines: number }>;
  /** The last lines of a stage, at most `keptLines`. */
  readonly tail: (stage: string) => readonly string[];
  readonly file: (stage: string) => string;
  /** Resolves when everything is in the files. */
  readonly close: () => Promise<void>;
}

export const keptLines = 200;
/** Of runs of one project; the oldest go. */
const keptRuns = 10;

/** `folder`: of the logs of all runs of a project; `name`: of this run, later ones sort after it. */
export async function openLogBook(folder: string, name: string): Promise<LogBook> {
  const own = join(folder, name);
  await mkdir(own, { recursive: true, mode: 0o700 });
  const old = (await readdir(folder)).toSorted().slice(0, -keptRuns);
  for (const each of old) await rm(join(folder, each), { recursive: true, force: true });
  const ends = new Map<string, { last: string; lines: number }>();
  const tails = new Map<string, string[]>();
  const files = new Map<string, WriteStream>();
  const file = (stage: string): string => join(own, `${stage.replace(/[^\w.,()+~ -]+/g, '_')}.log`);
  const open = (stage: string): WriteStream => {
    const known = files.get(stage);
    if (known !== undefined) return known;
    const stream = createWriteStream(file(stage), { mode: 0o600, flags: 'a' });
    stream.on('error', () => undefined); // a full disk takes the file, not the run
    files.set(stage, stream);
    return stream;
  };
  return {
    ends,
    file,
    tail: (stage) => tails.get(stage) ?? [],
    add: (stage, lines) => {
      const tail = tails.get(stage) ?? [];
      const before = ends.get(stage);
      for (const [, , text] of lines) tail.push(text);
      tail.splice(0, Math.max(0, tail.length - keptLines));
      tails.set(stage, tail);
      const last = lines.findLast(([, , text]) => text.trim() !== '')?.[2] ?? before?.last ?? '';
      ends.set(stage, { last, lines: (before?.lines ?? 0) + lines.length });
      open(stage).write(lines.map(([, , text]) => `${text}\n`).join(''));
    },
    close: async () => {
      await Promise.all(
        [...files.values()].map((stream) => new Promise<void>((resolve) => stream.end(() => resolve()))),
      );
    },
  };
}
