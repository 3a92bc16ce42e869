import { expect, test } from 'vitest';
import { aRun, type RunSketch } from '../../test-server/fixture-runs.ts';
import { criticalPath } from './critical-path.ts';
import { newerRun, stageReason, stagesOf, stageToOpen } from './run-view.ts';

const run = (stages: RunSketch['stages'], more: Partial<RunSketch> = {}) =>
  aRun({ number: 1, status: 'running', message: 'm', createdAt: 0, tookMs: null, stages, ...more });

test('a message with an older revision never replaces a newer one', () => {
  const old = run({});
  const fresh = { ...old, revision: 2 };
  expect(newerRun(fresh, old)).toBe(fresh);
  expect(newerRun(old, fresh)).toBe(fresh);
});

test('the first failure is opened, before anything that runs', () => {
  const stages = stagesOf(run({ lint: 'running', unit: 'failed', integration: 'failed' }));
  expect(stageToOpen(stages)).toBe('unit');
});

test('what waits for a person is opened before what runs', () => {
  expect(stageToOpen(stagesOf(run({ lint: 'running', 'sign-off': 'awaiting-approval' })))).toBe('sign-off');
});

test('every skip and wait has its reason', () => {
  const stages = stagesOf(run({}));
  const reasonOf = (id: string) => {
    const stage = stages.find(({ planned }) => planned.id === id);
    return stage === undefined ? null : stageReason(stage);
  };
  expect(reasonOf('docs')).toBe('no changed file matches docs/**');
  expect(reasonOf('build')).toBe('needs lint');
});

test('the critical path goes back along the needs that ended last', () => {
  const stages = stagesOf(
    run({
      lint: 'succeeded',
      unit: 'succeeded',
      integration: 'succeeded',
      build: 'succeeded',
      scan: 'running',
    }),
  );
  expect([...criticalPath(stages)]).toEqual(['scan', 'build', 'lint']);
});

test('a run whose file is broken has no stages and no path', () => {
  const stages = stagesOf(run({}, { plan: null }));
  expect(stageToOpen(stages)).toBeNull();
  expect(criticalPath(stages).size).toBe(0);
});
