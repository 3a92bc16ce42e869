import { aPlan } from '@sluice/pipelines/plan/a-plan';
import { advance, startState } from '@sluice/pipelines/run/advance';
import { constantFrom, array, assert, property } from 'fast-check';
import { expect, test } from 'vitest';
import type { Attempt } from '../store/attempt-store.ts';
import type { PlannedRun } from '../store/run-store.ts';
import { decideChanges } from './decide-changes.ts';
import type { RunChange } from './run-change.ts';

const at = 1_000;
const stages = ['a', 'b', 'c'] as const;
type Stage = (typeof stages)[number];

const claim = (stage: Stage): RunChange<null> => ({
  runId: 'run',
  attempt: { runId: 'run', stage, attempt: 1 },
  decide: ({ attempt }) =>
    attempt.status === 'queued'
      ? {
          answer: null,
          attempt: { status: 'held', fence: attempt.fence + 1 },
          events: [{ kind: 'stage-claimed', stage, attempt: 1, worker: 'w', at }],
        }
      : { answer: null },
});
const finish = (stage: Stage): RunChange<null> => ({
  runId: 'run',
  attempt: { id: stage },
  decide: ({ attempt }) =>
    attempt.status === 'held'
      ? {
          answer: null,
          attempt: { status: 'finished', acknowledged: 1 },
          events: [
            { kind: 'stage-finished', stage, attempt: 1, outcome: { result: 'succeeded', outputs: {} }, at },
          ],
        }
      : { answer: null },
});

test('changes decided together come to the same as one after the other', () => {
  const change = constantFrom(...stages.flatMap((stage) => [claim(stage), finish(stage)]));
  assert(
    property(array(change, { maxLength: 12 }), (changes) => {
      const together = decideChanges(changes, { runs: [aRun()], attempts: stages.map(anAttempt) }, at);
      let run = aRun();
      let attempts = stages.map(anAttempt);
      const events: unknown[] = [];
      for (const one of changes) {
        const decided = decideChanges([one], { runs: [run], attempts }, at);
        const [fold] = decided.folds;
        if (fold === undefined) throw new Error('the run was held');
        events.push(...fold.events);
        run = { ...run, content: { ...run.content, state: fold.state } };
        attempts = attempts.map((attempt) => decided.attempts.find(({ id }) => id === attempt.id) ?? attempt);
      }
      expect(together.folds[0]?.state).toEqual(run.content.state);
      expect(together.folds[0]?.events).toEqual(events);
      const changed = new Map(together.attempts.map((attempt) => [attempt.id, attempt]));
      expect(stages.map((stage) => changed.get(stage) ?? anAttempt(stage))).toEqual(attempts);
    }),
  );
});

test('a change that throws leaves the others as they are, and an attempt that nobody has is unknown', () => {
  const broken: RunChange<null> = {
    ...claim('b'),
    decide: () => {
      throw new Error('a mistake of ours');
    },
  };
  const nobody: RunChange<null> = { ...claim('c'), attempt: { id: 'nobody' } };
  const { ends, attempts } = decideChanges(
    [claim('a'), broken, nobody, claim('c')],
    { runs: [aRun()], attempts: stages.map(anAttempt) },
    at,
  );
  expect(ends.map(({ kind }) => kind)).toEqual(['decided', 'failed', 'unknown', 'decided']);
  expect(attempts.map(({ id }) => id)).toEqual(['a', 'c']);
});

function aRun(): PlannedRun {
  const plan = stages.reduce((builder, name) => builder.stage(name), aPlan()).done();
  const { state } = advance(plan, startState(plan, 0), { kind: 'run-requested', at: 0 });
  return {
    id: 'run',
    number: 1,
    project: 'default',
    repositoryId: 'r',
    repository: 'acme/shop',
    pipeline: plan.pipeline,
    trigger: plan.trigger,
    content: { kind: 'planned', plan, state },
    status: 'running',
    revision: 1,
    lastEvent: 1,
    restoresReleaseId: null,
    rerun: null,
    createdAt: 0,
    finishedAt: null,
  };
}

function anAttempt(stage: Stage): Attempt {
  return {
    id: stage,
    run_id: 'run',
    stage,
    number: 1,
    status: 'queued',
    fence: 0,
    worker_id: null,
    lease_until: null,
    cancel_reason: null,
    cancel_forced: false,
    created_at: 0,
    started_at: null,
    finished_at: null,
    acknowledged: 0,
    log_lines: 0,
    stated_lines: null,
    stated_digest: null,
    verified: null,
    project: 'default',
    pool: 'default',
    rank: 1,
    run_number: 1,
    executor: null,
    pods: null,
    first_failure: null,
    granted_at: 0,
  };
}
