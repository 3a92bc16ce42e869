import { expect, test } from 'vitest';
import type { AttemptPast, LogLine, PastChunk, WorkerRecord } from '@sluice/pipelines/protocol/worker-api';
import { createLogDigest } from '../logs/log-digest.ts';
import { historyFromPast, historyOf, IncompletePastError } from './attempt-history.ts';

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
  failure: null,
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
  expect(historyOf(records)).toMatchObject({
    lineCount: 7,
    records: 7,
    endedSteps: new Set([0]),
    openStep: { index: 1, try: 1, startedAt: 7, stdoutLines: 3, stderrLines: 1 },
  });
});

test('the same is known from what the server has of it, and lines that are missing are noticed', async () => {
  const past: AttemptPast = {
    records: 7,
    lines: 5,
    startedAt: 1,
    endedSteps: [0],
    openStep: { index: 1, startedAt: 7 },
    failure: null,
  };
  async function* chunks(): AsyncGenerator<PastChunk> {
    yield { step: 0, lines: [[1, 'o', 'a']] };
    yield {
      step: 1,
      lines: [
        [2, 'o', 'b'],
        [2, 'e', 'c'],
        [3, 's', 'our own'],
        [3, 'o', 'd'],
      ],
    };
  }
  const history = await historyFromPast(past, chunks());
  expect(history).toMatchObject({
    lineCount: 5,
    records: 7,
    endedSteps: new Set([0]),
    openStep: { index: 1, startedAt: 7, stdoutLines: 2, stderrLines: 1 },
  });
  const digest = createLogDigest();
  for (const text of ['a', 'b', 'c', 'our own', 'd']) digest.add(text);
  expect(history.digest.finish()).toBe(digest.finish());
  await expect(historyFromPast({ ...past, lines: 6 }, chunks())).rejects.toThrow(IncompletePastError);
});

test('between two steps none is under way', () => {
  expect(historyOf([started(1, 0), finished(2, 0)])).toMatchObject({ openStep: null });
});

test('of a step that is tried again, only the lines of its newest try are expected once more', async () => {
  const past: AttemptPast = {
    records: 6,
    lines: 5,
    startedAt: 1,
    endedSteps: [],
    openStep: { index: 0, startedAt: 9, try: { number: 2, firstLine: 3 } },
    failure: null,
  };
  async function* chunks(): AsyncGenerator<PastChunk> {
    yield {
      step: 0,
      lines: [
        [1, 'o', 'first'],
        [1, 'e', 'it fails'],
      ],
    };
    // Stored as one, though the second try began within.
    yield {
      step: 0,
      lines: [
        [2, 'o', 'its end'],
        [3, 's', 'try 2 of 3'],
        [4, 'o', 'second'],
      ],
    };
  }
  expect((await historyFromPast(past, chunks())).openStep).toEqual({
    index: 0,
    try: 2,
    startedAt: 9,
    stdoutLines: 1,
    stderrLines: 0,
  });
});

test('a spool that was cut has no history', () => {
  expect(historyOf([started(9, 0)])).toBeNull();
});

test('each try of a step begins with a record, and only lines of the last one are asked for again', () => {
  const records: WorkerRecord[] = [
    { kind: 'step-started', number: 1, step: 0, at: 5 },
    log(2, 0, [1, 'o', 'first']),
    { kind: 'step-started', number: 3, step: 0, at: 9 },
    log(4, 1, [2, 's', 'try 2 of 3'], [3, 'o', 'second']),
  ];
  expect(historyOf(records)?.openStep).toEqual({
    index: 0,
    try: 2,
    startedAt: 9,
    stdoutLines: 1,
    stderrLines: 0,
  });
});
