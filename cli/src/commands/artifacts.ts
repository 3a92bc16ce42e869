import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ArtifactView } from '@sluice/pipelines/protocol/api';
import { ApiError, type ApiClient } from '../api-client.ts';
import { findRun } from './find-run.ts';

export interface ArtifactsOptions {
  readonly stage?: string;
  /** Folder; absent: they are only listed. */
  readonly download?: string;
}

/** `sluice artifacts`: what the stages of a run have kept, listed or downloaded as `<stage>-<attempt>.tar.gz`. */
export async function showArtifacts(
  api: ApiClient,
  name: string,
  { stage, download }: ArtifactsOptions,
  write: (text: string) => void,
): Promise<void> {
  const run = await findRun(api, name);
  const artifacts = run.artifacts.filter((each) => stage === undefined || each.stage === stage);
  if (artifacts.length === 0) write(`run #${run.number} has kept no artifacts`);
  for (const artifact of artifacts) {
    write(line(artifact));
    if (download !== undefined && !artifact.isExpired) write(`  → ${await save(api, artifact, download)}`);
  }
}

function line({ stage, fileCount, bytes, expiresAt, isExpired }: ArtifactView): string {
  const day = new Date(expiresAt).toISOString().slice(0, 10);
  const size = `${fileCount} files, ${(bytes / 1e6).toFixed(1)} MB packed`;
  return `${stage}  ${size}  ${isExpired ? `expired ${day}` : `until ${day}`}`;
}

async function save(api: ApiClient, { id, stage, attempt }: ArtifactView, folder: string): Promise<string> {
  const answer = await fetch(`${api.url}/api/artifacts/${id}`, {
    headers: { authorization: `Bearer ${api.token}` },
  });
  if (!answer.ok || answer.body === null) {
    throw new ApiError(
      `the artifact of ${stage} was not given out: ${await answer.text()}`,
      'download',
      answer.status,
    );
  }
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${stage}-${attempt}.tar.gz`);
  await pipeline(Readable.from(answer.body), createWriteStream(file));
  return file;
}
