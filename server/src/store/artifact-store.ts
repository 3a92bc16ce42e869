import type { Selectable } from 'kysely';
import type { ArtifactFile } from '@sluice/pipelines/protocol/kept-files';
import type { Database, Trx } from './database.ts';
import type { KeptTables } from './kept-schema.ts';

/** All but the list of files, which may be long. */
export type ArtifactRow = Omit<Selectable<KeptTables['artifacts']>, 'files'>;

export interface ArtifactToInsert extends Omit<ArtifactRow, 'sha256'> {
  readonly sha256: string;
  readonly files: readonly ArtifactFile[];
}

const small = [
  'id',
  'run_id',
  'stage',
  'attempt',
  'sha256',
  'bytes',
  'unpacked_bytes',
  'file_count',
  'created_at',
  'expires_at',
] as const satisfies (keyof ArtifactRow)[];

/** An attempt has one; another one, of a worker that asked again, takes the place of the first. Gives its id. */
export async function putArtifact(trx: Trx, artifact: ArtifactToInsert): Promise<string> {
  const { sha256, bytes, unpacked_bytes, file_count, expires_at } = artifact;
  const files = JSON.stringify(artifact.files);
  const { id } = await trx
    .insertInto('artifacts')
    .values({ ...artifact, files })
    .onConflict((conflict) =>
      conflict
        .columns(['run_id', 'stage', 'attempt'])
        .doUpdateSet({ sha256, bytes, unpacked_bytes, file_count, files, expires_at }),
    )
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

/** Oldest first. */
export async function listArtifactsOfRuns(
  db: Database,
  runIds: readonly string[],
): Promise<readonly ArtifactRow[]> {
  return db
    .selectFrom('artifacts')
    .select(small)
    .where('run_id', 'in', [...runIds])
    .orderBy('created_at')
    .orderBy('id')
    .execute();
}

export async function findArtifact(db: Database, id: string): Promise<ArtifactRow | undefined> {
  return db.selectFrom('artifacts').select(small).where('id', '=', id).executeTakeFirst();
}

export async function listArtifactFiles(db: Database, id: string): Promise<readonly ArtifactFile[]> {
  const row = await db.selectFrom('artifacts').select('files').where('id', '=', id).executeTakeFirst();
  return row?.files ?? [];
}

/** Gives up the files of those whose time is over; their rows stay, to say so. Returns the runs concerned. */
export async function expireArtifacts(trx: Trx, now: number): Promise<readonly string[]> {
  const rows = await trx
    .updateTable('artifacts')
    .set({ sha256: null, files: '[]' })
    .where('sha256', 'is not', null)
    .where('expires_at', '<=', now)
    .returning('run_id')
    .execute();
  return [...new Set(rows.map((row) => row.run_id))];
}
