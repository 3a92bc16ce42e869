import { expect, test } from 'vitest';
import { aPlan } from '@sluice/pipelines/plan/a-plan';
import type { Plan } from '@sluice/pipelines/plan/plan';
import { foldRun, type AttemptPlace, type FoldedRun } from './fold-run.ts';

test('no more attempts than jobs are under way, and each one that ends lets the next begin', async () => {
  const rig = begin(aPlan().stage('a').stage('b').stage('c').done(), 2);
  await rig.settled();
  expect(rig.underWay()).toEqual(['a', 'b']);
  await rig.end('a');
  expect(rig.underWay()).toEqual(['b', 'c']);
  await rig.end('b');
  await rig.end('c');
  expect((await rig.run.ended).status).toBe('succeeded');
});

test('a stage begins only after what it needs, and the run ends when no attempt is under way', async () => {
  const rig = begin(
    aPlan()
      .stage('a')
      .stage('b', { needs: ['a'] })
      .done(),
    9,
  );
  await rig.settled();
  expect(rig.underWay()).toEqual(['a']);
  await rig.end('a');
  await rig.end('b');
  expect(rig.run.state().status).toBe('succeeded');
});

test('stages of one concurrency group run one after another', async () => {
  const { stages, ...rest } = aPlan().stage('a').stage('b').done();
  const concurrency = { group: 'port', whenBusy: 'queue' } as const;
  const rig = begin({ ...rest, stages: stages.map((stage) => ({ ...stage, concurrency })) }, 9);
  await rig.settled();
  expect(rig.underWay()).toEqual(['a']);
  await rig.end('a');
  expect(rig.underWay()).toEqual(['b']);
});

test('a group that is busy lets one skip that will not wait', async () => {
  const { stages, ...rest } = aPlan().stage('a').stage('b').done();
  const concurrency = { group: 'port', whenBusy: 'skip' } as const;
  const rig = begin({ ...rest, stages: stages.map((stage) => ({ ...stage, concurrency })) }, 9);
  await rig.settled();
  expect(rig.run.state().stages['b']).toMatchObject({
    status: 'skipped',
    reason: 'concurrency group "port" is busy with a, and its when_busy says skip',
  });
});

test('the whole run waits for no other one', async () => {
  const plan = { ...aPlan().stage('a').done(), concurrency: { group: 'main', whenBusy: 'queue' } as const };
  const rig = begin(plan, 1);
  await rig.settled();
  expect(rig.underWay()).toEqual(['a']);
});

test('a cancel stops what runs and takes what waits out of the line', async () => {
  const rig = begin(aPlan().stage('a').stage('b').done(), 1);
  await rig.settled();
  rig.run.fold({ kind: 'cancel-requested', by: 'you', reason: 'interrupted', at: 2 });
  expect(rig.stopped).toEqual(['a', 'b']);
  await rig.end('a', 'cancelled');
  expect((await rig.run.ended).status).toBe('cancelled');
  expect(rig.underWay()).toEqual([]);
});

test('a result of another run is not looked for: the stage runs and says so', async () => {
  const rig = begin(
    aPlan()
      .stage('a', { reuse: ['src/**'] })
      .done(),
    1,
  );
  await rig.settled();
  expect(rig.underWay()).toEqual(['a']);
});

interface Rig {
  readonly run: FoldedRun;
  readonly underWay: () => readonly string[];
  readonly stopped: readonly string[];
  readonly end: (stage: string, result?: 'succeeded' | 'cancelled') => Promise<void>;
  readonly settled: () => Promise<void>;
}

/** Attempts end when the test says so. */
function begin(plan: Plan, jobs: number): Rig {
  const open = new Map<string, { readonly place: AttemptPlace; readonly leave: () => void }>();
  const stopped: string[] = [];
  const settled = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  };
  const run = foldRun(
    plan,
    jobs,
    { kind: 'run-requested', at: 1 },
    {
      carryOut: (place) => {
        run.fold({ kind: 'stage-claimed', ...place, worker: 'here', at: 2 });
        return new Promise((leave) => open.set(place.stage, { place, leave }));
      },
      stop: ({ stage }) => void stopped.push(stage),
      ask: () => {},
      tell: () => {},
      now: () => 2,
    },
  );
  return {
    run,
    stopped,
    settled,
    underWay: () => [...open.keys()].toSorted(),
    end: async (stage, result = 'succeeded') => {
      const attempt = open.get(stage);
      if (attempt === undefined) throw new Error(`${stage} is not under way`);
      open.delete(stage);
      const outcome = result === 'succeeded' ? { result, outputs: {} } : { result, reason: 'interrupted' };
      run.fold({ kind: 'stage-finished', ...attempt.place, outcome, at: 3 });
      attempt.leave();
      await settled();
    },
  };
}
