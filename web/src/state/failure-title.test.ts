import { expect, test } from 'vitest';
import type { PlannedStage } from '@sluice/pipelines/plan/plan';
import type { Failure } from '@sluice/pipelines/run/run-state';
import { aRun } from '../../test-server/fixture-runs.ts';
import { failureTitle } from './failure-title.ts';

const workOf = (kind: PlannedStage['work']['kind']): PlannedStage['work'] => {
  const { plan } = aRun({
    number: 1,
    status: 'running',
    message: 'm',
    createdAt: 0,
    tookMs: null,
    stages: {},
  });
  const stage = plan?.stages.find(({ work }) => work.kind === kind);
  if (stage === undefined) throw new Error(`the fixture has no ${kind} stage`);
  return stage.work;
};
const failed = (tookMs: number, failure: Partial<Failure> = {}) =>
  ({
    status: 'failed',
    attempt: 1,
    startedAt: 0,
    finishedAt: tookMs,
    failure: { class: 'failed', message: '', exitCode: null, ...failure },
    steps: [],
    allowed: false,
  }) as const;

test('only a step that ended with an exit code is called a command that failed', () => {
  expect(failureTitle(workOf('steps'), failed(1, { exitCode: 7 }), 'failed')).toBe('command');
  expect(failureTitle(workOf('steps'), failed(1), 'failed')).toBe('not-run');
});

test('a deployment that went back says so, and one that never began says that it failed', () => {
  expect(failureTitle(workOf('deploy'), failed(1), 'rolled-back')).toBe('rolled-back');
  expect(failureTitle(workOf('deploy'), failed(1), 'failed')).toBe('deploy');
});

test('an approval that a person refused is told from one that nobody gave in time', () => {
  const work = workOf('approve');
  const withinMs = work.kind === 'approve' ? work.approval.withinMs : 0;
  expect(failureTitle(work, failed(withinMs - 1), 'failed')).toBe('approval-rejected');
  expect(failureTitle(work, failed(withinMs), 'failed')).toBe('approval-expired');
});

test('builds, scans and pushes fail in their own words', () => {
  const kinds = ['build', 'scan', 'push'] as const;
  expect(kinds.map((kind) => failureTitle(workOf(kind), failed(1), 'failed'))).toEqual([...kinds]);
});

test('what the engine classed as something else keeps that name, whatever the work', () => {
  expect(failureTitle(workOf('deploy'), failed(1, { class: 'worker-lost' }), 'failed')).toBe('worker-lost');
});
