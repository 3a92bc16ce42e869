import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { workerRecord, type WorkerRecord } from '@sluice/pipelines/protocol/worker-api';
import type { SpooledRecord, SpoolHeader } from './spooled-record.ts';

export interface SpoolContent {
  readonly header: SpoolHeader;
  readonly records: readonly SpooledRecord[];
  /** The same records, as they are meant. */
  readonly events: readonly WorkerRecord[];
  /** The attempt had ended: with these records the server knows all of it. */
  readonly isFinished: boolean;
  /** What the server had was cut off: nobody can go on by it. */
  readonly isCut: boolean;
}

/** A spool that a dead worker process left. Null when not even its header was written: nobody was told anything. */
export async function readSpool(path: string): Promise<SpoolContent | null> {
  const lines = (await readFile(path, 'utf8')).split('\n');
  const header = parseLine(lines[0] ?? '', spoolHeader);
  if (header === null || lines.length < 2) return null;
  const records: SpooledRecord[] = [];
  const events: WorkerRecord[] = [];
  let isFinished = false;
  for (const json of lines.slice(1, -1)) {
    const record = parseLine(json, workerRecord);
    if (record === null) break;
    records.push({ number: record.number, json, mayWait: false });
    events.push(record);
    isFinished = record.kind === 'finished';
  }
  const { isCut = false, ...own } = header;
  return { header: own, records, events, isFinished, isCut };
}

const spoolHeader = z.object({
  attemptId: z.uuid(),
  fence: z.number().int().min(1),
  isCut: z.boolean().exactOptional(),
});

function parseLine<T>(line: string, schema: z.ZodType<T>): T | null {
  try {
    const parsed = schema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
