import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readSpool } from './read-spool.ts';
import { createSpool, defaultSpoolLimits, type NewRecord } from './spool.ts';

const header = { attemptId: '0198f000-0000-7000-8000-000000000001', fence: 2 };
const line = (text: string): NewRecord => ({ kind: 'log', step: 0, firstLine: 0, lines: [[0, 'o', text]] });
const all = { records: 100, bytes: 1024 * 1024 };
let folder: string;
let problems: unknown[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-spool-'));
  problems = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const open = (path = join(folder, 'a.jsonl'), limits = {}) =>
  createSpool(path, header, {
    ...defaultSpoolLimits,
    ...limits,
    onProblem: (problem) => problems.push(problem),
  });

test('a file that was cut holds what came after, and says that nobody can go on by it', async () => {
  const path = join(folder, 'a.jsonl');
  const spool = await open(path, { keepFileBytes: 1_000 });
  spool.append(line('x'.repeat(2_000)));
  await spool.written();
  spool.acknowledge(1);
  await spool.written();
  expect(await readSpool(path)).toMatchObject({ header, isCut: true, records: [] });
  spool.append(line('after'));
  await spool.written();
  expect(await readFile(path, 'utf8')).not.toContain('\0');
  expect((await readSpool(path))?.records.map((record) => record.number)).toEqual([2]);
  await spool.close('keep');
});

test('where no file can be made, all is offered from memory, and the problem is told once', async () => {
  const spool = await open(join(folder, 'missing', 'a.jsonl'));
  expect(problems).toEqual([expect.objectContaining({ code: 'ENOENT' })]);
  for (const text of ['one', 'two']) spool.append(line(text));
  await spool.written();
  expect(spool.pending(all).map((record) => record.number)).toEqual([1, 2]);
  spool.acknowledge(2);
  expect(spool.unacknowledged()).toBe(0);
  await spool.close('remove');
  expect(problems).toHaveLength(1);
});
