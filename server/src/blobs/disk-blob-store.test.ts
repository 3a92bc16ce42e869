import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { blobStoreContract } from './blob-store.contract.ts';
import { openDiskBlobStore } from './disk-blob-store.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'sluice-blobs-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

blobStoreContract('the folder', async () => {
  const folder = await mkdtemp(path.join(root, 'store-'));
  const names = async (): Promise<readonly string[]> => {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
  };
  return { store: openDiskBlobStore(folder), names };
});
