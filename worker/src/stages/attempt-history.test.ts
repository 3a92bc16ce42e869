import { expect, test } from 'vitest';
import type { LogLine, WorkerRecord } from '@sluice/pipelines/protocol/worker-api';
import { historyOf } from './attempt-history.ts';

const log = (number: number, step: number, ...lines: readonly LogLine[]): WorkerRecord => ({
  kind: 'log',
  number,
  step,
  firstLine: 0,
  lines: [...lines],
});
const started = (number: number, step: number): WorkerRecord => ({
  kind: 'step-started',
  number,
  step,
  at: 7,
});
const finished = (number: number, step: number): WorkerRecord => ({
  kind: 'step-finished',
  number,
  step,
  result: 'succeeded',
  exitCode: 0,
  at: 8,
});

test('of the step under way it says how many lines of each stream have their number', () => {
  const records = [
    log(1, -1, [0, 's', 'fetching']),
    started(2, 0),
    log(3, 0, [1, 'o', 'a']),
    finished(4, 0),
    started(5, 1),
    log(6, 1, [2, 'o', 'b'], [2, 'e', 'c'], [3, 'o', 'd']),
    log(7, 1, [4, 's', 'our own words'], [4, 'o', 'f']),
  ];
  expect(historyOf(records)).toEqual({
    lines: ['fetching', 'a', 'b', 'c', 'd', 'our own words', 'f'],
    records: 7,
    endedSteps: new Set([0]),
    openStep: { index: 1, startedAt: 7, stdoutLines: 3, stderrLines: 1 },
  });
});

test('between two steps none is under way', () => {
  expect(historyOf([started(1, 0), finished(2, 0)])).toMatchObject({ openStep: null });
});

test('a spool that was cut has no history', () => {
  expect(historyOf([started(9, 0)])).toBeNull();
});
