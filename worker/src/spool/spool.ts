// What has happened in one attempt and is not yet acknowledged by the server, in a file of its own:
//
//   {"attemptId":"…","fence":3}          the header
//   {"kind":"log","number":1,…}          one record a line, numbers without gaps
//
// A record is offered for upload only after it was written, so a worker that is killed has never told the server
// more than its file holds; a torn last line is what nobody was told. `finished` is also forced to the disk before
// it is offered: from then on the file alone is enough to end the attempt, also after a power cut.
//
// A disk that refuses a record is told of, and tried again; what was refused waits in memory. When the server has all
// that is in the file, the file is cut, so that no other process goes on by it, and the rest is offered from memory:
// enough to end the attempt and to say why.
import type { WorkerRecord } from '@sluice/pipelines/protocol/worker-api';
import { createSignal, type Signal } from './signal.ts';
import { noSpoolFile, openSpoolFile, type SpoolFile } from './spool-file.ts';
import type { SpooledRecord, SpoolHeader } from './spooled-record.ts';

/** A record before the spool has given it its number. */
export type NewRecord = WorkerRecord extends infer R
  ? R extends WorkerRecord
    ? Omit<R, 'number'>
    : never
  : never;

export interface Spool {
  readonly header: SpoolHeader;
  /** Gives the record its number. */
  readonly append: (record: NewRecord) => void;
  /** Written records that wait for their acknowledgement, oldest first, as JSON; at least one if there is any. */
  readonly pending: (limit: { readonly records: number; readonly bytes: number }) => readonly SpooledRecord[];
  /** Every record up to and including `number` is the server's now. */
  readonly acknowledge: (number: number) => void;
  /** Resolves when something became pending or was acknowledged. */
  readonly changed: (signal: AbortSignal) => Promise<void>;
  readonly unacknowledged: () => number;
  /** Resolves while less than `highWater` bytes wait for the server. */
  readonly drained: () => Promise<void>;
  /** Resolves when every record that was appended so far is in the file, or the disk has refused it. */
  readonly written: () => Promise<void>;
  /** Closes the file; `remove` also deletes it. */
  readonly close: (end: 'keep' | 'remove') => Promise<void>;
}

export interface SpoolOptions {
  readonly highWaterBytes: number;
  /** An emptied file larger than this is cut to its header; such an attempt cannot be continued by another process. */
  readonly keepFileBytes: number;
  /** The disk refuses what is to be written: called once, until it takes something again. */
  readonly onProblem: (error: unknown) => void;
}

export const defaultSpoolLimits = {
  highWaterBytes: 64 * 1024 * 1024,
  keepFileBytes: 256 * 1024 * 1024,
} as const;

/** How soon a disk that refused something is tried again. */
const retryMs = 1_000;

/**
 * `earlier`: the records of a dead process's spool of the same attempt, which this one continues. `acknowledged`: number of
 * the last record before them, which another worker has reported. Never rejects: a file that cannot be made is a
 * disk that refuses everything.
 */
export async function createSpool(
  path: string,
  header: SpoolHeader,
  options: SpoolOptions,
  earlier: readonly SpooledRecord[] = [],
  acknowledged = 0,
): Promise<Spool> {
  try {
    const file = await openSpoolFile(path, header, earlier);
    return spoolOver(file, header, { earlier, acknowledged, isRefused: false }, options);
  } catch (error) {
    const spool = spoolOver(noSpoolFile(error), header, { earlier, acknowledged, isRefused: true }, options);
    options.onProblem(error);
    return spool;
  }
}

function spoolOver(
  file: SpoolFile,
  header: SpoolHeader,
  begin: {
    readonly earlier: readonly SpooledRecord[];
    readonly acknowledged: number;
    /** There is no file: all is in memory from the beginning. */
    readonly isRefused: boolean;
  },
  options: SpoolOptions,
): Spool {
  const changes: Signal = createSignal();
  const { earlier } = begin;
  let waiting: SpooledRecord[] = [...earlier];
  let number = earlier.at(-1)?.number ?? begin.acknowledged;
  let written = number;
  let waitingBytes = earlier.reduce((sum, record) => sum + record.json.length, 0);
  let closed = false;
  let isRefused = begin.isRefused;
  let isInMemory = begin.isRefused;
  let retry: NodeJS.Timeout | null = null;

  const unwritten: { json: string; number: number; durable: boolean }[] = [];
  let writing: Promise<void> | null = null;

  const writeAll = async (): Promise<void> => {
    while (unwritten.length > 0 && !isInMemory) {
      const batch = unwritten.splice(0);
      const lines = batch.map((record) => `${record.json}\n`).join('');
      try {
        await file.append(
          lines,
          batch.some((record) => record.durable),
        );
        isRefused = false;
      } catch (error) {
        unwritten.unshift(...batch);
        await refused(error);
        break;
      }
      written = batch.at(-1)?.number ?? written;
      changes.notify();
    }
    writing = null;
  };

  const refused = async (error: unknown): Promise<void> => {
    if (!isRefused) options.onProblem(error);
    isRefused = true;
    await leaveFile();
    if (isInMemory || closed) return;
    retry = setTimeout(() => {
      writing ??= writeAll();
    }, retryMs);
  };

  /** When nothing that is in the file waits for the server any more. */
  const leaveFile = async (): Promise<void> => {
    if (!isRefused || isInMemory || waiting.some((record) => record.number <= written)) return;
    isInMemory = true;
    await file.cut();
    unwritten.length = 0;
    written = number;
    changes.notify();
  };

  const shrink = (): void => {
    if (waiting.length > 0 || writing !== null || closed || file.bytes() < options.keepFileBytes) return;
    writing = file.cut().then(writeAll);
  };

  return {
    header,
    append: (record) => {
      if (closed) throw new Error('the spool is closed: nothing may be recorded after the end of an attempt');
      number += 1;
      const json = JSON.stringify({ ...record, number });
      waiting.push({ number, json, mayWait: record.kind === 'step-started' });
      waitingBytes += json.length;
      unwritten.push({ json, number, durable: record.kind === 'finished' });
      if (isInMemory) writing ??= keepInMemory();
      else if (!isRefused) writing ??= writeAll();
    },
    pending: (limit) => {
      const batch: SpooledRecord[] = [];
      let bytes = 0;
      for (const record of waiting) {
        bytes += record.json.length;
        const isFull = batch.length >= limit.records || (batch.length > 0 && bytes > limit.bytes);
        if (record.number > written || isFull) break;
        batch.push(record);
      }
      return batch;
    },
    acknowledge: (upTo) => {
      const kept = waiting.findIndex((record) => record.number > upTo);
      const safe = kept === -1 ? waiting : waiting.slice(0, kept);
      waitingBytes -= safe.reduce((sum, record) => sum + record.json.length, 0);
      waiting = kept === -1 ? [] : waiting.slice(kept);
      shrink();
      if (isRefused && !isInMemory) writing ??= leaveFile().then(() => void (writing = null));
      changes.notify();
    },
    changed: changes.wait,
    unacknowledged: () => waiting.length,
    drained: async () => {
      while (waitingBytes > options.highWaterBytes && !closed) await changes.wait();
    },
    written: async () => {
      while (writing !== null) await writing;
    },
    close: async (end) => {
      closed = true;
      if (retry !== null) clearTimeout(retry);
      changes.notify();
      await writing;
      await file.close(end);
    },
  };

  async function keepInMemory(): Promise<void> {
    await Promise.resolve(); // as a file would: not before the caller goes on
    unwritten.length = 0;
    written = number;
    writing = null;
    changes.notify();
  }
}
