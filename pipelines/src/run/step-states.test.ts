import { expect, test } from 'vitest';
import { finishStep, startStep } from './step-states.ts';
import type { StepState } from './run-state.ts';

const place = { stage: 'test', attempt: 1, step: 0 };
const waiting: readonly StepState[] = [
  { name: 'flaky', status: 'waiting' },
  { name: 'after', status: 'waiting' },
];

test('a step that is tried again runs since its first try, and its newest try is known', () => {
  const first = startStep(waiting, {
    kind: 'step-started',
    ...place,
    try: { number: 1, firstLine: 0 },
    at: 5,
  });
  const second = startStep(first, {
    kind: 'step-started',
    ...place,
    try: { number: 2, firstLine: 7 },
    at: 9,
  });
  expect(second).toEqual([
    {
      name: 'flaky',
      status: 'running',
      startedAt: 5,
      try: { number: 2, startedAt: 9, firstLine: 7 },
    },
    { name: 'after', status: 'waiting' },
  ]);
  const finished = finishStep(second, {
    kind: 'step-finished',
    ...place,
    result: 'succeeded',
    exitCode: 0,
    at: 12,
  });
  expect(finished[0]).toEqual({
    name: 'flaky',
    status: 'succeeded',
    startedAt: 5,
    finishedAt: 12,
    exitCode: 0,
  });
});
