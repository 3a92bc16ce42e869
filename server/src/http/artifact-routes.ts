import type { ArtifactFilesView } from '@sluice/pipelines/protocol/api';
import express, { type Request, type Router } from 'express';
import { readArchivedFile } from '../blobs/read-archived-file.ts';
import type { ServerContext } from '../context.ts';
import { findArtifact, listArtifactFiles, type ArtifactRow } from '../store/artifact-store.ts';
import { foundOr404, uuidParameter } from './path-parameter.ts';
import { ProblemError } from './problem.ts';
import { downloadHeaders, sendContent } from './send-content.ts';

/** People list and download what stages have kept. */
export function artifactRoutes({ db, blobs }: Pick<ServerContext, 'db' | 'blobs'>): Router {
  const router = express.Router();
  const artifactOf = async (request: Request<{ id: string }>): Promise<ArtifactRow> =>
    foundOr404(await findArtifact(db, uuidParameter(request.params.id, 'artifact')), 'artifact');

  router.get('/artifacts/:id', async (request, response) => {
    const artifact = await artifactOf(request);
    const fileName = `${artifact.stage}-${artifact.attempt}.tar.gz`;
    const { bytes } = artifact;
    await sendContent(blobs, response, {
      sha256: keptOr410(artifact),
      bytes,
      fileName,
      type: 'application/gzip',
    });
  });

  router.get('/artifacts/:id/files', async (request, response) => {
    const artifact = await artifactOf(request);
    const files = await listArtifactFiles(db, artifact.id);
    response.json({ files, total: artifact.file_count } satisfies ArtifactFilesView);
  });

  router.get('/artifacts/:id/files/*path', async (request, response) => {
    const artifact = await artifactOf(request);
    const path = request.params.path.join('/');
    const archive = await blobs.read(keptOr410(artifact));
    const gone = new ProblemError(410, 'content-missing', 'The artifact is not in the blob store any more.');
    if (archive === null) throw gone;
    const isFound = await readArchivedFile(archive, path, response, (bytes) => {
      const name = path.slice(path.lastIndexOf('/') + 1);
      response.set({
        ...downloadHeaders(name, 'application/octet-stream'),
        'content-length': String(bytes),
      });
    });
    if (!isFound) foundOr404(null, 'file');
  });
  return router;
}

function keptOr410(artifact: ArtifactRow): string {
  if (artifact.sha256 !== null) return artifact.sha256;
  const day = new Date(artifact.expires_at).toISOString();
  const message = `This artifact expired at ${day}. Run the stage again; artifacts.keep says how long they stay.`;
  throw new ProblemError(410, 'artifact-expired', message);
}
