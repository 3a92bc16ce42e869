// The door that an attempt knows, without a server behind it: records go to the run, files to a folder.
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { workerRecord, type WorkerRecord } from '@sluice/pipelines/protocol/worker-api';
import type { StageReports } from '@sluice/pipelines/reports/test-report';
import type { AttemptDoor } from '@sluice/worker/stages/run-attempt';
import type { LocalStore } from './local-store.ts';

/** An artifact that a stage has kept. */
export interface LocalArtifact {
  readonly id: string;
  readonly stage: string;
  readonly attempt: number;
  readonly sha256: string;
  readonly bytes: number;
}

export interface DoorKeeper {
  /** What has happened in an attempt, in order, each once. */
  readonly take: (attemptId: string, records: readonly WorkerRecord[]) => void;
  readonly takeReports: (attemptId: string, reports: StageReports) => void;
  readonly takeArtifact: (
    attemptId: string,
    artifact: Pick<LocalArtifact, 'id' | 'sha256' | 'bytes'>,
  ) => void;
  /** A folder for what the stage of an attempt leaves for people, such as a scan's report. */
  readonly filesOf: (attemptId: string) => string;
}

export function localDoor(store: LocalStore, keeper: DoorKeeper): AttemptDoor {
  const sizes = new Map<string, number>();
  return {
    postRecords: async ({ attemptId }, spooled) => {
      const records = spooled.map(({ json }) => workerRecord.parse(JSON.parse(json)));
      keeper.take(attemptId, records);
      return { kind: 'accepted', ack: { acknowledged: records.at(-1)?.number ?? 0, cancel: null } };
    },
    keptFiles: (attemptId) => ({
      upload: async (file) => {
        const stored = await store.add(file);
        sizes.set(stored.sha256, stored.bytes);
        return stored;
      },
      download: ({ sha256 }, file) => store.copyOut(sha256, file),
      recordArtifact: async ({ sha256 }) =>
        keeper.takeArtifact(attemptId, { id: randomUUID(), sha256, bytes: sizes.get(sha256) ?? 0 }),
      sendReports: async (reports) => keeper.takeReports(attemptId, reports),
      findCache: (query) => store.findCache(query),
      saveCache: (cache) => store.saveCache(cache),
    }),
    blobs: (attemptId) => ({
      put: async (name, body) => {
        const folder = keeper.filesOf(attemptId);
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await writeFile(join(folder, name.replace(/[^\w.-]+/g, '-')), body, { mode: 0o600 });
        return { sha256: createHash('sha256').update(body).digest('hex'), bytes: body.byteLength };
      },
    }),
  };
}
