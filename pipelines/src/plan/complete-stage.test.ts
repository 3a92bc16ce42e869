import { expect, test } from 'vitest';
import { aPlan } from './a-plan.ts';
import { completeStage } from './complete-stage.ts';
import type { PlannedStage } from './plan.ts';

const [stage] = aPlan().stage('test').done().stages;

test('a stage of an earlier version gets what the absence of a key means', () => {
  if (stage?.work.kind !== 'steps') throw new Error('no steps');
  const { services: _s, user: _u, readOnlyRoot: _r, resources, steps, ...work } = stage.work;
  const { pids: _p, ...limits } = resources;
  const earlier: unknown = {
    ...stage,
    work: { ...work, resources: limits, steps: steps.map(({ retry: _retry, ...step }) => step) },
  };
  expect(completeStage(earlier as PlannedStage)).toEqual(stage);
});

test('a complete stage stays as it is', () => {
  if (stage === undefined) throw new Error('no stage');
  expect(completeStage(stage)).toEqual(stage);
});
