import { expect, test } from 'vitest';
import type { PlannedStage } from '@sluice/pipelines/plan/plan';
import type { StageState } from '@sluice/pipelines/run/run-state';
import { boxOf, endedOf, foldMatrices } from './matrix-groups.ts';
import type { StageOfRun } from './run-view.ts';

const ended: StageState = {
  status: 'succeeded',
  attempt: 1,
  startedAt: 0,
  finishedAt: 1,
  outputs: {},
  steps: [],
  reason: null,
};
const failed: StageState = {
  status: 'failed',
  attempt: 1,
  startedAt: 0,
  finishedAt: 1,
  failure: { class: 'failed', message: 'exit 1', exitCode: 1 },
  steps: [],
  allowed: false,
};
const waiting: StageState = { status: 'waiting', reason: '' };

test('combinations are in the box of their stage, which needs what they need', () => {
  const [plan, box] = foldMatrices(run(ended, waiting));
  expect(plan?.combinations).toEqual([]);
  expect(box?.planned.needs).toEqual([{ stage: 'plan', optional: false }]);
  expect(box?.combinations.map(({ planned }) => planned.id)).toEqual(['test (a)', 'test (b)']);
  expect(boxOf(run(ended, waiting), 'test (a)')).toBe('test');
  expect(boxOf(run(ended, waiting), 'plan')).toBe('plan');
});

test('the box counts what is over and shows a failure before the others have ended', () => {
  const [, half] = foldMatrices(run(ended, waiting));
  expect(half).toMatchObject({ shown: 'running' });
  expect(half === undefined ? null : endedOf(half)).toBe(1);
  expect(foldMatrices(run(failed, waiting))[1]).toMatchObject({ shown: 'failed' });
  expect(foldMatrices(run(waiting, waiting))[1]).toMatchObject({ shown: 'waiting' });
});

const run = (a: StageState, b: StageState): readonly StageOfRun[] => [
  stage('plan', ended),
  stage('test (a)', a, { needs: [{ stage: 'plan', optional: false }], combination: of('a') }),
  stage('test (b)', b, { needs: [{ stage: 'plan', optional: false }], combination: of('b') }),
  stage('test', waiting, {
    needs: ['test (a)', 'test (b)'].map((id) => ({ stage: id, optional: false })),
    work: { kind: 'matrix', stages: ['test (a)', 'test (b)'] },
  }),
];

const of = (target: string) => ({ of: 'test', values: { target } });

const stage = (id: string, state: StageState, more: Partial<PlannedStage> = {}): StageOfRun => ({
  planned: {
    id,
    needs: [],
    if: null,
    env: {},
    timeoutMs: 1,
    retry: { attempts: 1, delayMs: 0, factor: 1, maxDelayMs: 0, on: [] },
    allowFailure: false,
    work: { kind: 'approve', approval: { by: [], count: 1, withinMs: 1, notAuthor: false } },
    decision: { included: true, reasons: [] },
    ...more,
  },
  state,
  shown: state.status,
  attempts: [],
  rolloutId: null,
  artifacts: [],
  wait: null,
});
