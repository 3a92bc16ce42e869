import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactRule } from '@sluice/pipelines/language/definition';
import {
  largestArchiveBytes,
  mostListedFiles,
  type ArtifactFile,
} from '@sluice/pipelines/protocol/kept-files';
import { err, ok, type Result } from '@sluice/pipelines/result';
import { matchesFile } from '@sluice/pipelines/trigger/match-glob';
import { findFiles, type FoundFile } from '../archives/find-files.ts';
import { packArchive } from '../archives/pack-archive.ts';
import { patternRoots } from '../archives/pattern-roots.ts';
import type { ExecutorSession } from '../executors/executor.ts';
import { ServerRefusedError } from '../server-client/http-door.ts';
import { readableBytes } from '../stages/readable-bytes.ts';
import type { StageContext } from '../stages/stage-runner.ts';

type Keeping = Pick<StageContext, 'workspace' | 'scratch' | 'keptFiles' | 'log' | 'signal'>;

/** Packs the files that match and hands them to the server. The error is a sentence for the author. */
export async function keepArtifacts(
  { workspace, scratch, keptFiles, log, signal }: Keeping,
  session: ExecutorSession,
  { paths, keepMs }: ArtifactRule,
): Promise<Result<void, string>> {
  const from = patternRoots(paths);
  for (const path of from) await session.fetchTree(path);
  const isWanted = (path: string): boolean => matchesFile(paths, path);
  const found = await findFiles(workspace, { from, isWanted, links: 'inside', withFolders: false });
  if (!found.ok) return err(`Artifacts: ${found.error}`);
  const files = found.value;
  if (files.length === 0)
    return err(`Artifacts: no file matches ${paths.join(', ')}. Mend artifacts.paths, or make the files.`);
  const archive = join(scratch, 'artifacts.tar.gz');
  try {
    await packArchive([{ prefix: '', root: workspace, files }], archive, { times: 'fixed', signal });
    const { size } = await stat(archive);
    if (size > largestArchiveBytes) {
      return err(
        `Artifacts: packed they have ${readableBytes(size)}, and ${readableBytes(largestArchiveBytes)} are allowed. Keep fewer files.`,
      );
    }
    const { sha256, bytes } = await keptFiles.upload(archive, signal);
    await keptFiles.recordArtifact({ ...summaryOf(files), sha256, keepMs }, signal);
    log.say(`kept ${files.length} files as artifacts, ${readableBytes(bytes)} packed`);
    return ok(undefined);
  } catch (error) {
    if (error instanceof ServerRefusedError && error.reason !== 'stale-fence') {
      return err(`Artifacts: the server did not take them: ${error.message}`);
    }
    throw error;
  } finally {
    await rm(archive, { force: true });
  }
}

function summaryOf(files: readonly FoundFile[]): {
  readonly files: ArtifactFile[];
  readonly fileCount: number;
  readonly unpackedBytes: number;
} {
  const listed = files.flatMap((file): ArtifactFile[] => {
    if (file.kind === 'folder') return [];
    return [{ path: file.path, kind: file.kind, bytes: file.kind === 'file' ? file.bytes : 0 }];
  });
  return {
    files: listed.slice(0, mostListedFiles),
    fileCount: listed.length,
    unpackedBytes: listed.reduce((sum, file) => sum + file.bytes, 0),
  };
}
