// What a stage starts with beside its checkout: the artifacts of stages before it, and its caches.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Claim } from '@sluice/pipelines/protocol/worker-api';
import { err, ok, type Result } from '@sluice/pipelines/result';
import { UnsafeArchiveError, unpackArchive } from '../archives/unpack-archive.ts';
import { restoreCaches } from '../caches/restore-caches.ts';
import type { KeptFilesClient } from '../server-client/kept-files-client.ts';
import { readableBytes } from './readable-bytes.ts';

export interface WorkspaceFilling {
  readonly claim: Claim;
  readonly workspace: string;
  readonly scratch: string;
  readonly keptFiles: KeptFilesClient;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** The error is a sentence for the author. */
export async function fillWorkspace(filling: WorkspaceFilling): Promise<Result<void, string>> {
  const { claim, workspace, scratch, keptFiles, say, signal } = filling;
  for (const { id, stage, sha256, bytes } of claim.artifacts ?? []) {
    const archive = join(scratch, `artifact-${id}.tar.gz`);
    const begun = Date.now();
    try {
      await keptFiles.download({ kind: 'artifacts', id, sha256 }, archive, signal);
      const options = { roots: { '': workspace }, links: 'inside', times: 'new', signal } as const;
      const unpacked = await unpackArchive(archive, options);
      const took = `${((Date.now() - begun) / 1_000).toFixed(1)} s`;
      say(`artifacts of "${stage}": ${unpacked.files} files, ${readableBytes(bytes)} packed, in ${took}`);
    } catch (error) {
      if (!(error instanceof UnsafeArchiveError)) throw error;
      return err(`The artifacts of "${stage}" cannot be unpacked here: ${error.message}.`);
    } finally {
      await rm(archive, { force: true });
    }
  }
  const { work } = claim.stage;
  if (work.kind === 'steps') await restoreCaches(filling, work);
  return ok(undefined);
}
