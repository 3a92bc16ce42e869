// Artifacts, caches and reports of one attempt, at the server.
import {
  artifactStored,
  cacheAnswer,
  cacheSaved,
  storedContent,
  type ArtifactReport,
  type CacheAnswer,
  type CacheQuery,
  type CacheReport,
  type CacheSaved,
  type StoredContent,
} from '@sluice/pipelines/protocol/kept-files';
import type { StageReports } from '@sluice/pipelines/reports/test-report';
import { whileAway } from './backoff.ts';
import type { HttpDoor } from './http-door.ts';

/**
 * Everything tries again while the server is away, until `signal` aborts; then it rejects with ServerAwayError. What
 * the server refuses rejects with ServerRefusedError.
 */
export interface KeptFilesClient {
  /** Streams a file of this host to the server. */
  readonly upload: (file: string, signal: AbortSignal) => Promise<StoredContent>;
  /** Streams to a file of this host; rejects unless it is what was announced. */
  readonly download: (what: Downloadable, file: string, signal: AbortSignal) => Promise<void>;
  readonly recordArtifact: (report: Omit<ArtifactReport, 'fence'>, signal: AbortSignal) => Promise<void>;
  readonly sendReports: (reports: StageReports, signal: AbortSignal) => Promise<void>;
  readonly findCache: (query: Omit<CacheQuery, 'fence'>, signal: AbortSignal) => Promise<CacheAnswer>;
  readonly saveCache: (
    report: Omit<CacheReport, 'fence'>,
    signal: AbortSignal,
  ) => Promise<CacheSaved['result']>;
}

export interface Downloadable {
  readonly kind: 'artifacts' | 'caches';
  readonly id: string;
  readonly sha256: string;
}

/** For one archive; a slow line takes its time. */
const transferMs = 3_600_000;
const callMs = 30_000;

export function createKeptFilesClient(door: HttpDoor, attemptId: string, fence: number): KeptFilesClient {
  const base = `/worker/attempts/${attemptId}`;
  const post = (path: string, body: object, signal: AbortSignal): Promise<unknown> =>
    whileAway(signal, () =>
      door.call({
        method: 'POST',
        path: `${base}${path}`,
        body: JSON.stringify({ ...body, fence }),
        timeoutMs: callMs,
        signal,
      }),
    );
  return {
    upload: async (file, signal) =>
      storedContent.parse(
        await whileAway(signal, () =>
          door.call({
            method: 'PUT',
            path: `${base}/content`,
            body: { file },
            headers: { 'x-sluice-fence': String(fence), 'content-type': 'application/octet-stream' },
            timeoutMs: transferMs,
            signal,
          }),
        ),
      ),
    download: ({ kind, id, sha256 }, file, signal) =>
      whileAway(signal, () =>
        door.download({ path: `${base}/${kind}/${id}`, file, sha256, timeoutMs: transferMs, signal }),
      ),
    recordArtifact: async (report, signal) =>
      void artifactStored.parse(await post('/artifacts', report, signal)),
    sendReports: async (reports, signal) => void (await post('/reports', { reports }, signal)),
    findCache: async (query, signal) => cacheAnswer.parse(await post('/caches/find', query, signal)),
    saveCache: async (report, signal) => cacheSaved.parse(await post('/caches', report, signal)).result,
  };
}
