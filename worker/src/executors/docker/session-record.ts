// What a session must know again after its worker process was killed; a file in the attempt's scratch folder, which
// no container sees.
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** Keys with a default were not there in records of earlier versions. */
const sessionRecord = z.object({
  containerId: z.string().min(1),
  /** The last step that was sent to the container. Null: none yet. */
  step: z
    .object({
      index: z.number().int().min(0),
      try: z.number().int().min(1).default(1),
      mark: z.string().min(1),
    })
    .nullable(),
  /** Processes killed for memory when that step began. */
  oomKills: z.number().int().min(0),
  /** Processes refused, for there were too many, when that step began. */
  refusedForks: z.number().int().min(0).default(0),
  /** Null: the steps have no services. */
  networkId: z.string().min(1).nullable().default(null),
  services: z
    .array(z.object({ name: z.string().min(1), id: z.string().min(1) }))
    .readonly()
    .default([]),
});
export type SessionRecord = z.infer<typeof sessionRecord>;

/** Everything on the engine that a worker which takes over still needs: ids of containers and of a network. */
export function engineIdsOf({ containerId, networkId, services }: SessionRecord): readonly string[] {
  return [containerId, ...services.map(({ id }) => id), ...(networkId === null ? [] : [networkId])];
}

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
