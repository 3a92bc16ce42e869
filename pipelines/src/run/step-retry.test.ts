import { expect, test } from 'vitest';
import type { RetryPolicy } from '../language/definition.ts';
import type { Failure } from './run-state.ts';
import { nextTry, tryDelayMs } from './step-retry.ts';

const policy: RetryPolicy = {
  attempts: 4,
  delayMs: 10_000,
  factor: 2,
  maxDelayMs: 30_000,
  on: ['timeout', 'exit:75'],
};
const exit = (exitCode: number): Failure => ({ class: 'failed', message: 'x', exitCode });

test('a step is tried again for the classes that it names, later each time, up to the cap', () => {
  const waits = [1, 2, 3].map((failed) => nextTry(policy, failed, exit(75))?.delayMs);
  expect(waits).toEqual([10_000, 20_000, 30_000]);
  expect(nextTry(policy, 1, { class: 'timeout', message: 'x', exitCode: null })?.number).toBe(2);
});

test('it is not for other classes, nor after the last try, nor where the step does not ask', () => {
  expect(nextTry(policy, 1, exit(1))).toBeNull();
  expect(nextTry(policy, 4, exit(75))).toBeNull();
  expect(nextTry(null, 1, exit(75))).toBeNull();
});

test('the log is told which try of how many begins when, and why', () => {
  expect(nextTry(policy, 1, exit(75))?.reason).toBe('try 2 of 4 begins in 10 s: try 1 ended as exit:75');
  expect(nextTry({ ...policy, delayMs: 0 }, 1, exit(75))?.reason).toContain('begins now');
});

test('a try that is taken up by another process has waited as long as its number says', () => {
  expect([1, 2, 3].map((number) => tryDelayMs(policy, number))).toEqual([0, 10_000, 20_000]);
});
