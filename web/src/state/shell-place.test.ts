import { expect, test } from 'vitest';
import type { AttemptView } from '@sluice/pipelines/protocol/api';
import { aRun } from '../../test-server/fixture-runs.ts';
import { stagesOf, type StageOfRun } from './run-view.ts';
import { shellPlace } from './shell-place.ts';

const now = 1_000;
const anAttempt = (stage: string, number: number, heldUntil: number | null = null): AttemptView => ({
  id: `${stage}-${number}`,
  stage,
  attempt: number,
  worker: 'build-1',
  logLines: 0,
  log: null,
  blobs: [],
  heldUntil,
});
const stageOf = (
  id: string,
  status: 'running' | 'failed',
  attempts: readonly AttemptView[],
  image: string | null = 'node:20',
): StageOfRun => {
  const run = aRun({
    number: 1,
    status: 'running',
    message: 'm',
    createdAt: 0,
    tookMs: null,
    stages: { [id]: status },
    attempts,
  });
  const stage = stagesOf(run).find(({ planned }) => planned.id === id);
  if (stage === undefined) throw new Error(`the fixture has no stage ${id}`);
  const { planned } = stage;
  return planned.work.kind === 'steps'
    ? { ...stage, planned: { ...planned, work: { ...planned.work, image } } }
    : stage;
};
const place = (stage: StageOfRun, number = stage.attempts[0]?.attempt) =>
  shellPlace(
    stage,
    stage.attempts.find(({ attempt }) => attempt === number),
    now,
  );

test('a shell is offered in the newest attempt while its steps run', () => {
  const stage = stageOf('unit', 'running', [anAttempt('unit', 1), anAttempt('unit', 2)]);
  expect(place(stage)).toEqual({ kind: 'running' });
  expect(place(stage, 1)).toBeNull();
});

test('no shell is offered while the container is prepared', () => {
  const stage = stageOf('unit', 'running', [anAttempt('unit', 1)]);
  const steps = [{ name: 'npm ci', status: 'waiting' }] as const;
  const { state } = stage;
  if (state?.status !== 'running') throw new Error('the fixture runs nothing');
  expect(place({ ...stage, state: { ...state, steps } })).toBeNull();
});

test('a failed attempt is offered until the end of its hold, also an older one beside a running one', () => {
  expect(place(stageOf('unit', 'failed', [anAttempt('unit', 1, 1_001)]))).toEqual({
    kind: 'kept',
    until: 1_001,
  });
  expect(place(stageOf('unit', 'failed', [anAttempt('unit', 1, 1_000)]))).toBeNull();
  const retried = stageOf('unit', 'running', [anAttempt('unit', 1, 2_000), anAttempt('unit', 2)]);
  expect(place(retried, 1)).toEqual({ kind: 'kept', until: 2_000 });
});

test('no shell is offered where no container runs steps', () => {
  expect(place(stageOf('build', 'running', [anAttempt('build', 1)]))).toBeNull();
  expect(place(stageOf('unit', 'running', [anAttempt('unit', 1)], null))).toBeNull();
  expect(place(stageOf('unit', 'running', []))).toBeNull();
});
