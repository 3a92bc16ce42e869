import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLocalStore } from './local-store.ts';

const kind = 'k'.repeat(64);
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-store-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('a cache is found by its key, then by a beginning; who saves a key first wins', async () => {
  const store = await openLocalStore(folder);
  const { sha256 } = await store.add(await file('one'));
  expect(await store.saveCache({ kind, key: 'npm-1', sha256 })).toBe('saved');
  expect(await store.saveCache({ kind, key: 'npm-1', sha256 })).toBe('exists');
  expect(await store.findCache({ kind, key: 'npm-1', restore: [] })).toMatchObject({
    found: 'exact',
    sha256,
  });
  expect(await store.findCache({ kind, key: 'npm-2', restore: ['npm-'] })).toMatchObject({ found: 'prefix' });
  expect(await store.findCache({ kind: 'other', key: 'npm-1', restore: ['npm-'] })).toEqual({
    found: 'none',
  });
  await store.copyOut(sha256, join(folder, 'back'));
  expect(await readFile(join(folder, 'back'), 'utf8')).toBe('one');
});

test('archives that nothing names go, and so do the oldest caches beyond the limit', async () => {
  let now = 1;
  const store = await openLocalStore(folder, 5, () => now++);
  const first = await store.add(await file('aaaa'));
  await store.saveCache({ kind, key: 'first', sha256: first.sha256 });
  const second = await store.add(await file('bbbb'));
  await store.saveCache({ kind, key: 'second', sha256: second.sha256 });
  const kept = await store.add(await file('cccc'));
  await store.add(await file('dddd'));
  await store.tidy(new Set([kept.sha256]));
  const left = await readdir(join(folder, 'content'));
  expect(left.toSorted()).toEqual([second.sha256, kept.sha256].toSorted());
});

test('a cache larger than all may be is not saved', async () => {
  const store = await openLocalStore(folder, 2);
  const { sha256 } = await store.add(await file('large'));
  expect(await store.saveCache({ kind, key: 'large', sha256 })).toBe('too-large');
});

async function file(text: string): Promise<string> {
  const path = join(folder, 'archive');
  await writeFile(path, text);
  return path;
}
