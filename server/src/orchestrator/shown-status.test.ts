import type { RunState, StageState } from '@sluice/pipelines/run/run-state';
import { expect, test } from 'vitest';
import { shownStageStatus, shownStatus, type StageRollout } from './shown-status.ts';

const deploying: StageState = { status: 'running', attempt: 1, startedAt: 0, worker: 'rollout', steps: [] };
const rolledBack: StageState = {
  status: 'failed',
  attempt: 1,
  startedAt: 0,
  finishedAt: 1,
  failure: { class: 'failed', message: 'worse', exitCode: null },
  steps: [],
  allowed: false,
};
const state: RunState = {
  status: 'running',
  startedAt: 0,
  finishedAt: null,
  cancel: null,
  stages: { deploy: deploying },
};
const inPhase = (phase: string, attempt = 1): StageRollout => ({
  id: 'r',
  stage: 'deploy',
  attempt,
  phase,
  parent_id: null,
});

test.each([
  ['held', 'held'],
  ['rollback-blocked', 'held'],
  ['awaiting-approval', 'awaiting-approval'],
  ['analysing', 'running'],
] as const)('a run whose rollout is %s is shown as %s', (phase, shown) => {
  expect(shownStatus(state, [inPhase(phase)])).toBe(shown);
});

test('a run that has ended waits for nobody', () => {
  expect(shownStatus({ ...state, status: 'cancelled' }, [inPhase('held')])).toBe('cancelled');
});

test('only the newest try of a stage counts', () => {
  expect(shownStageStatus('deploy', deploying, [inPhase('held', 1), inPhase('analysing', 2)])).toBe(
    'running',
  );
});

test('a stage that ended by a roll-back says so', () => {
  expect(shownStageStatus('deploy', rolledBack, [inPhase('rolled-back')])).toBe('rolled-back');
});

test('a stage whose rollout leads others shows what one of them waits for', () => {
  const led = { ...inPhase('awaiting-approval'), id: 'r1', parent_id: 'r' };
  expect(shownStageStatus('deploy', deploying, [inPhase('delivering'), led])).toBe('awaiting-approval');
  expect(
    shownStageStatus('deploy', deploying, [
      inPhase('delivering'),
      led,
      { ...led, phase: 'rollback-blocked' },
    ]),
  ).toBe('held');
});
