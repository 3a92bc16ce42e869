import type { WorkerConfig } from './config.ts';
import { holdFolder } from './hold-folder.ts';
import { keepLeases } from './keep-leases.ts';
import { createHttpDoor } from './server-client/http-door.ts';
import { openWorkerFolder, type WorkerFolder } from './worker-folder.ts';

/** A process that is its worker's only one, for which the server keeps what the worker held before. */
export interface BegunWorker {
  readonly folder: WorkerFolder;
  readonly releaseFolder: () => Promise<void>;
  /** Called when everything held is named by heartbeats, or when the process ends. */
  readonly stopKeeping: () => void;
}

/**
 * Takes the worker's folder and lets the server know that a new process is there. This file and all that it
 * loads are small. Rejects with FolderInUseError.
 */
export async function beginWorker(
  config: Pick<WorkerConfig, 'folder' | 'serverUrl' | 'workerToken'>,
): Promise<BegunWorker> {
  const folder = await openWorkerFolder(config.folder);
  const releaseFolder = await holdFolder(config.folder);
  const stopKeeping = keepLeases(createHttpDoor(config.serverUrl, config.workerToken), folder.workerId);
  return { folder, releaseFolder, stopKeeping };
}
