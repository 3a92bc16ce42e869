import type { RunSummary } from '@sluice/pipelines/protocol/api';
import { expect, test } from 'vitest';
import { emptyRunsList, foldRunsNews, type RunsList, type RunsNews } from './runs-list.ts';

const aRun = (number: number, more: Partial<RunSummary> = {}): RunSummary => ({
  id: `run-${number}`,
  number,
  project: 'default',
  repository: 'acme/shop',
  pipeline: 'shop',
  event: 'push',
  ref: 'main',
  commit: { sha: 'a'.repeat(40), message: 'm', author: 'a' },
  actor: 'a',
  status: 'running',
  createdAt: number * 1_000,
  finishedAt: null,
  willFail: null,
  rerunOf: null,
  stages: [],
  ...more,
});

const changed = (run: RunSummary, matches = true): RunsNews => ({ kind: 'changed', run, matches });
const after = (...news: readonly RunsNews[]): RunsList => news.reduce(foldRunsNews, emptyRunsList);
const numbers = (list: RunsList): readonly number[] => list.rows.map((run) => run.number);
const loaded: RunsNews = { kind: 'loaded', runs: [aRun(3), aRun(2)], older: false };

test('a new run is put on top while nobody points at the list', () => {
  expect(numbers(after(loaded, changed(aRun(4))))).toEqual([4, 3, 2]);
});

test('a new run waits as a count while the pointer is on the list, and appears when it has left', () => {
  const pointed = after(loaded, { kind: 'held', held: true }, changed(aRun(4)), changed(aRun(5)));
  expect(numbers(pointed)).toEqual([3, 2]);
  expect(pointed.pending.map((run) => run.number)).toEqual([5, 4]);
  expect(numbers(foldRunsNews(pointed, { kind: 'held', held: false }))).toEqual([5, 4, 3, 2]);
});

test('waiting runs appear at once when they are asked for, and the list stays held', () => {
  const list = after(loaded, { kind: 'held', held: true }, changed(aRun(4)), { kind: 'revealed' });
  expect(numbers(list)).toEqual([4, 3, 2]);
  expect(list.held).toBe(true);
});

test('news about a row changes it in its place, also under the pointer and when it no longer matches', () => {
  const list = after(loaded, { kind: 'held', held: true }, changed(aRun(2, { status: 'failed' }), false));
  expect(list.rows.map((run) => [run.number, run.status])).toEqual([
    [3, 'running'],
    [2, 'failed'],
  ]);
});

test('a run that does not match the filters, or is older than the last row, is not added', () => {
  expect(numbers(after(loaded, changed(aRun(4), false), changed(aRun(1))))).toEqual([3, 2]);
});

test('loading again keeps older pages that were loaded before, and nothing twice', () => {
  const older: RunsNews = { kind: 'loaded', runs: [aRun(2), aRun(1)], older: true };
  const again: RunsNews = { kind: 'loaded', runs: [aRun(4), aRun(3), aRun(2)], older: false };
  expect(numbers(after(loaded, older))).toEqual([3, 2, 1]);
  expect(numbers(after(loaded, older, again))).toEqual([4, 3, 2, 1]);
});
