import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FolderInUseError, holdFolder } from './hold-folder.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-hold-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('a second worker is told who uses the folder, and may have it afterwards', async () => {
  const release = await holdFolder(folder);
  await expect(holdFolder(folder)).rejects.toThrow(FolderInUseError);
  await expect(holdFolder(folder)).rejects.toThrow(new RegExp(`process ${process.pid}.*another SLUICE_DATA`));
  await release();
  await (
    await holdFolder(folder)
  )();
  expect(await readdir(folder)).toEqual([]);
});

test.each([
  ['a process that has died', { pid: 2_147_483_646, startTime: 5, bootId: null }],
  ['another process that has its number by now', { pid: 1, startTime: 123_456_789, bootId: null }],
  ['an earlier uptime of the host', { pid: 1, startTime: 0, bootId: 'long ago' }],
])('what %s held is taken over', async (_who, holder) => {
  const { readBootId } = await import('./executors/process/session-record.ts');
  const bootId = holder.bootId ?? (await readBootId());
  await writeFile(join(folder, 'worker.lock'), JSON.stringify({ ...holder, bootId }));
  await (
    await holdFolder(folder)
  )();
});

test('of many that find it stale, exactly one gets it', async () => {
  await writeFile(join(folder, 'worker.lock'), 'torn');
  const taken = await Promise.allSettled(Array.from({ length: 5 }, () => holdFolder(folder)));
  expect(taken.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});
