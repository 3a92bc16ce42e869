// What a session must know again after its worker process was killed; a file in the attempt's scratch folder, which
// no container sees.
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const sessionRecord = z.object({
  containerId: z.string().min(1),
  /** The last step that was sent to the container. Null: none yet. */
  step: z.object({ index: z.number().int().min(0), mark: z.string().min(1) }).nullable(),
  /** Processes killed for memory when that step began. */
  oomKills: z.number().int().min(0),
});
export type SessionRecord = z.infer<typeof sessionRecord>;

/** Whole or not at all, also when the process is killed meanwhile. */
export async function writeSessionRecord(scratch: string, record: SessionRecord): Promise<void> {
  const path = pathIn(scratch);
  await writeFile(`${path}.new`, JSON.stringify(record), { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** Null when there is none, or it cannot be read. */
export async function readSessionRecord(scratch: string): Promise<SessionRecord | null> {
  try {
    return sessionRecord.parse(JSON.parse(await readFile(pathIn(scratch), 'utf8')));
  } catch {
    return null;
  }
}

const pathIn = (scratch: string): string => join(scratch, 'docker-session.json');
