// What a restarted worker must know about an attempt beside its spool; without secrets.
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { failure, stageOutcome } from '@sluice/pipelines/protocol/worker-api';

const attemptRecord = z.object({
  /** Milliseconds since the epoch: times of lines and the stage's timeout count from here. */
  startedAt: z.number().int(),
  /** The host's tick at that moment, see `attempt-clock.ts`; null: an older worker wrote none. */
  startedTick: z.object({ uptime: z.string(), ms: z.number() }).nullable().default(null),
  /** The first failure so far; it is the stage's. */
  failure: failure.nullable(),
  /** How the stage has ended, when nothing is left to do but to clean up and to say so. */
  outcome: stageOutcome.nullable().default(null),
});
export type AttemptRecord = z.infer<typeof attemptRecord>;

/** `root`: the attempt's folder. Whole or not at all, also when the process is killed meanwhile. */
export async function writeAttemptRecord(root: string, record: AttemptRecord): Promise<void> {
  const path = join(root, name);
  await writeFile(`${path}.new`, JSON.stringify(record), { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** Null when there is none, or it cannot be read. */
export async function readAttemptRecord(root: string): Promise<AttemptRecord | null> {
  try {
    return attemptRecord.parse(JSON.parse(await readFile(join(root, name), 'utf8')));
  } catch {
    return null;
  }
}

export async function removeAttemptRecord(root: string): Promise<void> {
  await rm(join(root, name), { force: true });
}

const name = 'attempt.json';
