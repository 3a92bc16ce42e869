// What has happened in one attempt and is not yet acknowledged by the server, in a file of its own:
//
//   {"attemptId":"…","fence":3}          the header
//   {"kind":"log","number":1,…}          one record a line, numbers without gaps
//
// A record is offered for upload only after it was written, so a worker that is killed has never told the server
// more than its file holds; a torn last line is what nobody was told. `finished` is also forced to the disk before
// it is offered: from then on the file alone is enough to end the attempt, also after a power cut.
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import type { WorkerRecord } from '@sluice/pipelines/protocol/worker-api';
import { createSignal, type Signal } from './signal.ts';

/** A record before the spool has given it its number. */
export type NewRecord = WorkerRecord extends infer R
  ? R extends WorkerRecord
    ? Omit<R, 'number'>
    : never
  : never;

export interface SpoolHeader {
  readonly attemptId: string;
  readonly fence: number;
}

export interface Spool {
  readonly header: SpoolHeader;
  /** Gives the record its number. A disk that refuses it is reported by `onProblem`; the record stays in memory. */
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

export interface SpooledRecord {
  readonly number: number;
  readonly json: string;
  /** The record will have company in a moment: the first lines of the step that it announces. */
  readonly mayWait: boolean;
}

export interface SpoolOptions {
  readonly highWaterBytes: number;
  /** An emptied file larger than this is cut to its header; such an attempt cannot be continued by another process. */
  readonly keepFileBytes: number;
  readonly onProblem: (error: unknown) => void;
}

export const defaultSpoolLimits = {
  highWaterBytes: 64 * 1024 * 1024,
  keepFileBytes: 256 * 1024 * 1024,
} as const;

/**
 * `earlier`: the records of a dead process's spool of the same attempt, which this one continues. `acknowledged`: number of
 * the last record before them, which another worker has reported.
 */
export async function createSpool(
  path: string,
  header: SpoolHeader,
  options: SpoolOptions,
  earlier: readonly SpooledRecord[] = [],
  acknowledged = 0,
): Promise<Spool> {
  const head = `${JSON.stringify(header)}\n`;
  const unfinished = `${path}.new`;
  await rm(unfinished, { force: true });
  const file = await open(unfinished, 'wx', 0o600);
  let bytes = head.length;
  await file.appendFile(head);
  for (const { json } of earlier) {
    await file.appendFile(`${json}\n`);
    bytes += json.length + 1;
  }
  await rename(unfinished, path);
  return spoolOver(file, path, header, { head, bytes, earlier, acknowledged }, options);
}

function spoolOver(
  file: FileHandle,
  path: string,
  header: SpoolHeader,
  begin: {
    readonly head: string;
    readonly bytes: number;
    readonly earlier: readonly SpooledRecord[];
    readonly acknowledged: number;
  },
  options: SpoolOptions,
): Spool {
  const changes: Signal = createSignal();
  const { head, earlier } = begin;
  let waiting: SpooledRecord[] = [...earlier];
  let number = earlier.at(-1)?.number ?? begin.acknowledged;
  let written = number;
  let waitingBytes = earlier.reduce((sum, record) => sum + record.json.length, 0);
  let fileBytes = begin.bytes;
  let closed = false;

  const unwritten: { json: string; number: number; durable: boolean }[] = [];
  let writing: Promise<void> | null = null;

  const writeAll = async (): Promise<void> => {
    while (unwritten.length > 0) {
      const batch = unwritten.splice(0);
      try {
        const text = batch.map((record) => `${record.json}\n`).join('');
        await file.appendFile(text);
        fileBytes += text.length;
        if (batch.some((record) => record.durable)) await file.datasync();
      } catch (error) {
        options.onProblem(error);
      }
      written = batch.at(-1)?.number ?? written;
      changes.notify();
    }
    writing = null;
  };

  const shrink = (): void => {
    if (waiting.length > 0 || writing !== null || closed || fileBytes < options.keepFileBytes) return;
    fileBytes = head.length;
    writing = file.truncate(head.length).catch(options.onProblem).then(writeAll);
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
      writing ??= writeAll();
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
      changes.notify();
      await writing;
      await file.close();
      if (end === 'remove') await rm(path, { force: true });
    },
  };
}
