import { describe, expect, test } from 'vitest';
import type { ApproveWork } from '../language/definition.ts';
import { aPlan } from '../plan/a-plan.ts';
import type { Plan } from '../plan/plan.ts';
import { advance, startState } from './advance.ts';
import type { Failure, RunCommand, RunEvent, RunState, StageOutcome } from './run-state.ts';

const exit1: Failure = { class: 'failed', message: 'npm test ended with 1', exitCode: 1 };

test('stages without needs start at once, the others wait and say for whom', () => {
  const run = aRun(
    aPlan()
      .stage('build')
      .stage('lint')
      .stage('test', { needs: ['build', 'lint'] })
      .done(),
  );

  expect(run.commands()).toEqual([
    { kind: 'enqueue-attempt', stage: 'build', attempt: 1 },
    { kind: 'enqueue-attempt', stage: 'lint', attempt: 1 },
  ]);
  expect(run.stage('test')).toEqual({ status: 'waiting', reason: 'waits for build, lint' });
});

test('what an ended run had left behind is told among its events, and changes nothing else', () => {
  const run = aRun(aPlan().stage('build').done());
  run.succeed('build');
  const ended = run.state();
  const repaired = {
    kind: 'repaired',
    stage: 'build',
    repair: 'orphan-removed',
    message: 'm',
    at: 9,
  } as const;
  const { state, commands } = advance(aPlan().stage('build').done(), ended, repaired);
  expect(state).not.toBe(ended); // so that the event is kept
  expect(state).toEqual(ended);
  expect(commands).toEqual([]);
});

test('a stage that may be reused is looked up first, and ends as it did in the other run', () => {
  const plan = aPlan()
    .stage('test', { reuse: ['src/**'] })
    .stage('push', { needs: ['test'] })
    .done();
  const looking = advance(plan, startState(plan, 0), { kind: 'run-requested', at: 1 });
  expect(looking.commands).toEqual([{ kind: 'seek-result', stage: 'test' }]);

  const found = { from: { runId: 'r12', number: 12 }, attempt: 2, outputs: { version: '7' }, steps: [] };
  const reused = advance(plan, looking.state, { kind: 'stage-reused', stage: 'test', ...found, at: 5 });
  expect(reused.state.stages['test']).toEqual({
    status: 'succeeded',
    attempt: 2,
    startedAt: 5,
    finishedAt: 5,
    outputs: { version: '7' },
    steps: [],
    reason: 'same inputs as run #12',
    kept: found.from,
  });
  expect(reused.commands).toEqual([{ kind: 'enqueue-attempt', stage: 'push', attempt: 1 }]);

  const reason = 'no run has succeeded with these inputs';
  const none = advance(plan, looking.state, { kind: 'stage-not-reused', stage: 'test', reason, at: 5 });
  expect(none.state.stages['test']).toEqual({ status: 'queued', attempt: 1, since: 5, reason });
  expect(none.commands).toEqual([{ kind: 'enqueue-attempt', stage: 'test', attempt: 1 }]);
});

test('a stage starts only after every stage it needs has succeeded', () => {
  const run = aRun(
    aPlan()
      .stage('build')
      .stage('lint')
      .stage('test', { needs: ['build', 'lint'] })
      .done(),
  );

  run.succeed('build');
  expect(run.stage('test').status).toBe('waiting');
  run.succeed('lint');
  expect(run.stage('test').status).toBe('queued');
});

test('a failed stage skips what needs it, with the reason, and fails the run', () => {
  const run = aRun(
    aPlan()
      .stage('build')
      .stage('test', { needs: ['build'] })
      .done(),
  );

  run.fail('build', exit1);

  expect(run.stage('test').status).toBe('skipped');
  expect(run.stage('test')).toHaveProperty('reason', expect.stringContaining('build'));
  expect(run.state().status).toBe('failed');
  expect(run.commands().at(-1)).toEqual({ kind: 'finish-run', status: 'failed' });
});

test('an allowed failure lets the run go on and succeed', () => {
  const run = aRun(
    aPlan()
      .stage('lint', { allowFailure: [1] })
      .stage('test', { needs: ['lint'] })
      .done(),
  );

  run.fail('lint', exit1);
  expect(run.stage('test').status).toBe('queued');
  run.succeed('test');
  expect(run.state().status).toBe('succeeded');
});

test('an exit code that allow_failure does not name still fails the run', () => {
  const run = aRun(
    aPlan()
      .stage('lint', { allowFailure: [2] })
      .done(),
  );

  run.fail('lint', exit1);

  expect(run.state().status).toBe('failed');
});

test('a stage that the plan excluded is skipped with the plan’s reason', () => {
  const run = aRun(aPlan().stage('deploy', { excluded: "branch == 'main' is false" }).done());

  expect(run.stage('deploy')).toMatchObject({ status: 'skipped', reason: "branch == 'main' is false" });
  expect(run.state().status).toBe('succeeded');
});

test('always() runs after a failure, and the run still fails', () => {
  const run = aRun(
    aPlan()
      .stage('test')
      .stage('report', { needs: ['test'], if: 'always()' })
      .done(),
  );

  run.fail('test', exit1);
  expect(run.stage('report').status).toBe('queued');
  run.succeed('report');
  expect(run.state().status).toBe('failed');
});

describe('retries', () => {
  const policy = {
    attempts: 3,
    delayMs: 10_000,
    factor: 2,
    maxDelayMs: 15_000,
    on: ['exit:75', 'worker-lost'],
  };
  const lost: Failure = { class: 'worker-lost', message: 'the worker fell silent', exitCode: null };

  test('a class that the policy names is tried again after the delay, with a reason', () => {
    const run = aRun(aPlan().stage('test', { retry: policy }).done());

    run.fail('test', lost);

    expect(run.stage('test')).toMatchObject({ status: 'retrying', attempt: 2 });
    expect(run.stage('test')).toHaveProperty('reason', expect.stringContaining('worker-lost'));
    const timer = run.commands().find((command) => command.kind === 'set-timer');
    expect(timer).toMatchObject({ dueAt: run.now() + 10_000, event: { kind: 'retry-due', attempt: 2 } });
  });

  test('the delay grows by the factor up to its cap, and the last failure stands', () => {
    const run = aRun(aPlan().stage('test', { retry: policy }).done());
    const delays: number[] = [];
    for (const attempt of [1, 2]) {
      run.fail('test', { ...exit1, exitCode: 75 }, attempt);
      const state = run.stage('test');
      delays.push(state.status === 'retrying' ? state.dueAt - run.now() : -1);
      run.send({ kind: 'retry-due', stage: 'test', attempt: attempt + 1, at: run.now() });
    }
    expect(delays).toEqual([10_000, 15_000]);

    run.fail('test', { ...exit1, exitCode: 75 }, 3);
    expect(run.stage('test')).toMatchObject({ status: 'failed', attempt: 3 });
  });

  test('a class that the policy does not name is final', () => {
    const run = aRun(aPlan().stage('test', { retry: policy }).done());
    run.fail('test', exit1);
    expect(run.stage('test')).toMatchObject({ status: 'failed', attempt: 1 });
  });

  test('a report of an attempt that is over changes nothing', () => {
    const run = aRun(
      aPlan()
        .stage('test', { retry: { ...policy, delayMs: 0 } })
        .done(),
    );
    run.fail('test', lost);
    const before = run.state();
    run.finish('test', { result: 'succeeded', outputs: {} }, 1);
    expect(run.state()).toEqual(before);
  });
});

describe('approvals', () => {
  const work: ApproveWork = {
    kind: 'approve',
    approval: { by: [], count: 2, withinMs: 3_600_000, notAuthor: true },
  };
  const ask = () =>
    aRun(
      aPlan()
        .stage('accept', { work })
        .stage('ship', { needs: ['accept'] })
        .done(),
    );

  test('the stage waits until enough different people approved', () => {
    const run = ask();
    run.vote('accept', 'grace', 'approved');
    run.vote('accept', 'grace', 'approved');
    expect(run.stage('accept').status).toBe('awaiting-approval');
    run.vote('accept', 'alan', 'approved');
    expect(run.stage('accept')).toMatchObject({
      status: 'succeeded',
      outputs: { approved_by: 'grace, alan' },
    });
    expect(run.stage('ship').status).toBe('queued');
  });

  test('one rejection ends it with the person’s reason', () => {
    const run = ask();
    run.vote('accept', 'grace', 'rejected', 'not on a Friday');
    expect(run.stage('accept')).toMatchObject({
      status: 'failed',
      failure: { message: 'rejected by grace: not on a Friday' },
    });
    expect(run.state().status).toBe('failed');
  });

  test('it expires, not a moment early', () => {
    const run = ask();
    const state = run.stage('accept');
    const expiresAt = state.status === 'awaiting-approval' ? state.expiresAt : 0;
    run.send({ kind: 'approval-expired', stage: 'accept', at: expiresAt - 1 });
    expect(run.stage('accept').status).toBe('awaiting-approval');
    run.send({ kind: 'approval-expired', stage: 'accept', at: expiresAt });
    expect(run.stage('accept')).toMatchObject({ status: 'failed' });
  });
});

describe('cancelling', () => {
  test('what has not begun is cancelled, what runs is told to stop, and the run ends when it has', () => {
    const run = aRun(
      aPlan()
        .stage('build')
        .stage('test', { needs: ['build'] })
        .done(),
    );
    run.claim('build');
    run.send({ kind: 'cancel-requested', by: 'ada', reason: 'wrong branch', at: run.now() });

    expect(run.stage('test')).toMatchObject({
      status: 'cancelled',
      reason: 'the run was cancelled by ada: wrong branch',
    });
    expect(run.commands().at(-1)).toMatchObject({ kind: 'cancel-attempt', stage: 'build', attempt: 1 });
    expect(run.state().status).toBe('running');

    run.finish('build', { result: 'cancelled', reason: 'stopped' });
    expect(run.state().status).toBe('cancelled');
  });

  test('an always() stage still runs after a cancel', () => {
    const run = aRun(
      aPlan()
        .stage('build')
        .stage('tidy', { needs: ['build'], if: 'always()' })
        .done(),
    );
    run.claim('build');
    run.send({ kind: 'cancel-requested', by: 'ada', reason: 'enough', at: run.now() });
    run.finish('build', { result: 'cancelled', reason: 'stopped' });
    expect(run.stage('tidy').status).toBe('queued');
  });

  test('a cancelled run does not retry', () => {
    const run = aRun(
      aPlan()
        .stage('build', { retry: { attempts: 5, on: ['worker-lost'] } })
        .done(),
    );
    run.claim('build');
    run.send({ kind: 'cancel-requested', by: 'ada', reason: 'enough', at: run.now() });
    run.finish('build', {
      result: 'failed',
      failure: { class: 'worker-lost', message: 'gone', exitCode: null },
    });
    expect(run.stage('build').status).toBe('cancelled');
  });
});

test('steps are followed by index, and none is left open when its attempt ends', () => {
  const run = aRun(aPlan().stage('test').done());
  run.claim('test');
  run.send({ kind: 'step-started', stage: 'test', attempt: 1, step: 0, at: run.now() });
  expect(run.stage('test')).toMatchObject({ steps: [{ name: 'run', status: 'running' }] });
  run.finish('test', {
    result: 'failed',
    failure: { class: 'worker-lost', message: 'gone', exitCode: null },
  });
  expect(run.stage('test')).toMatchObject({ steps: [{ name: 'run', status: 'cancelled' }] });
});

/** Drives `advance` with a clock of its own: every event comes one second after the one before. */
function aRun(plan: Plan) {
  let clock = 1_000_000;
  let state: RunState = startState(plan, clock);
  const commands: RunCommand[] = [];
  const send = (event: RunEvent) => {
    const next = advance(plan, state, event);
    state = next.state;
    commands.push(...next.commands);
  };
  const tick = () => (clock += 1_000);
  const claim = (stage: string, attempt = 1) =>
    send({ kind: 'stage-claimed', stage, attempt, worker: 'w1', at: tick() });
  const finish = (stage: string, outcome: StageOutcome, attempt = 1) => {
    claim(stage, attempt);
    send({ kind: 'stage-finished', stage, attempt, outcome, at: tick() });
  };
  send({ kind: 'run-requested', at: clock });
  return {
    send,
    claim,
    finish,
    now: () => clock,
    state: () => state,
    commands: (): readonly RunCommand[] => commands,
    succeed: (stage: string) => finish(stage, { result: 'succeeded', outputs: {} }),
    fail: (stage: string, failure: Failure, attempt = 1) =>
      finish(stage, { result: 'failed', failure }, attempt),
    vote: (stage: string, by: string, verdict: 'approved' | 'rejected', reason: string | null = null) => {
      const at = tick();
      send({ kind: 'approval-voted', stage, vote: { by, verdict, reason, at }, at });
    },
    stage: (id: string) => {
      const found = state.stages[id];
      if (found === undefined) throw new Error(`no stage ${id}`);
      return found;
    },
  };
}
