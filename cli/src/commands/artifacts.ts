import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ArtifactView, AttemptView } from '@sluice/pipelines/protocol/api';
import { ApiError, type ApiClient } from '../api-client.ts';
import { findRun } from './find-run.ts';

export interface ArtifactsOptions {
  readonly stage?: string;
  /** Folder; absent: they are only listed. */
  readonly download?: string;
}

/**
 * `sluice artifacts`: what the stages of a run have kept, listed or downloaded: artifacts as `<stage>-<attempt>.tar.gz`,
 * reports and lists of what is in an image as `<stage>-<attempt>-<name>`.
 */
export async function showArtifacts(
  api: ApiClient,
  name: string,
  { stage, download }: ArtifactsOptions,
  write: (text: string) => void,
): Promise<void> {
  const run = await findRun(api, name);
  const isWanted = (each: { readonly stage: string }): boolean => stage === undefined || each.stage === stage;
  const kept: readonly KeptFile[] = [
    ...run.artifacts.filter(isWanted).map(artifactFile),
    ...run.attempts.filter(isWanted).flatMap(attemptFiles),
  ];
  if (kept.length === 0) write(`run #${run.number} has kept no artifacts`);
  for (const file of kept) {
    write(file.line);
    if (download !== undefined && file.path !== null)
      write(`  → ${await save(api, file.path, file, download)}`);
  }
}

interface KeptFile {
  readonly stage: string;
  readonly line: string;
  readonly fileName: string;
  /** Null: it has expired. */
  readonly path: string | null;
}

const artifactFile = (artifact: ArtifactView): KeptFile => ({
  stage: artifact.stage,
  line: line(artifact),
  fileName: `${artifact.stage}-${artifact.attempt}.tar.gz`,
  path: artifact.isExpired ? null : `/api/artifacts/${artifact.id}`,
});

/** Such as a scan's `sbom.cdx.json`. */
const attemptFiles = ({ id, stage, attempt, blobs }: AttemptView): readonly KeptFile[] =>
  blobs.map(({ name, bytes }) => ({
    stage,
    line: `${stage}  ${name}, ${(bytes / 1e6).toFixed(1)} MB`,
    fileName: `${stage}-${attempt}-${name}`,
    path: `/api/attempts/${id}/blobs/${encodeURIComponent(name)}`,
  }));

function line({ stage, fileCount, bytes, expiresAt, isExpired }: ArtifactView): string {
  const day = new Date(expiresAt).toISOString().slice(0, 10);
  const size = `${fileCount} files, ${(bytes / 1e6).toFixed(1)} MB packed`;
  return `${stage}  ${size}  ${isExpired ? `expired ${day}` : `until ${day}`}`;
}

async function save(
  api: ApiClient,
  path: string,
  { stage, fileName }: KeptFile,
  folder: string,
): Promise<string> {
  const answer = await fetch(`${api.url}${path}`, { headers: { authorization: `Bearer ${api.token}` } });
  if (!answer.ok || answer.body === null) {
    const message = `what ${stage} has kept was not given out: ${await answer.text()}`;
    throw new ApiError(message, 'download', answer.status);
  }
  await mkdir(folder, { recursive: true });
  // The id of a stage and the name of a file are made of letters, digits and signs that lead to no other folder.
  const file = join(folder, basename(fileName));
  await pipeline(Readable.from(answer.body), createWriteStream(file));
  return file;
}
