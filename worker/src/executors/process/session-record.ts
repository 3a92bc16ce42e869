// What a session must know again after its worker process was killed; a file in the attempt's scratch folder, which
// no step sees. What became of each step stands in the step's own folder.
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const sessionRecord = z.object({
  /** Names one uptime of the host: nothing that ran in another one runs now. */
  bootId: z.string().min(1),
});
export type SessionRecord = z.infer<typeof sessionRecord>;

/** Whole or not at all, also when the process is killed meanwhile. */
export async function writeSessionRecord(scratch: string, record: SessionRecord): Promise<void> {
  const path = pathIn(scratch);
  await writeFile(`${path}.new`, JSON.stringify(record), { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** Null when there is none, or it cannot be read: then no step has begun. */
export async function readSessionRecord(scratch: string): Promise<SessionRecord | null> {
  try {
    return sessionRecord.parse(JSON.parse(await readFile(pathIn(scratch), 'utf8')));
  } catch {
    return null;
  }
}

/** Null where the system does not tell (only Linux does): there, no step can be followed again. */
export async function readBootId(): Promise<string | null> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')).trim() || null;
}

const pathIn = (scratch: string): string => join(scratch, 'process-session.json');
