import { describe, expect, test } from 'vitest';
import { parsePipeline } from '../language/parse-pipeline.ts';
import { aTrigger } from '../plan/a-plan.ts';
import { artifactSources } from '../plan/artifact-sources.ts';
import { buildPlan } from '../plan/build-plan.ts';
import type { Plan } from '../plan/plan.ts';
import { resolveStage } from '../plan/resolve-stage.ts';
import { wholePlan } from '../plan/whole-plan.ts';
import { advance, startState } from './advance.ts';
import { chooseRerun, keptStages } from './choose-rerun.ts';
import type { RunEvent, RunState, StageEnd } from './run-state.ts';

const known = `
on: push
stages:
  test:
    matrix: { node: [20, 22], os: [linux] }
    image: node:\${{ matrix.node }}
    allow_failure: [3]
    outputs: { version: { file: VERSION } }
    steps: [echo hi]
  only22:
    matrix: { node: [20, 22] }
    if: matrix.node == 22
    steps: [x]
  after: { needs: [test], steps: [x] }
`;

const found = `
on: push
stages:
  plan: { steps: [x], outputs: { targets: { file: targets.json } } }
  build:
    needs: [plan]
    matrix: { target: '\${{ stages.plan.outputs.targets }}' }
    concurrency: 'build-\${{ matrix.target }}'
    env: { TARGET: '\${{ matrix.target }}' }
    steps: ['make \${{ matrix.target }}']
    outputs: { size: { file: SIZE } }
    artifacts: { paths: [out] }
  publish:
    needs: [build]
    env: { SIZES: '\${{ stages.build.outputs.size }}' }
    steps: [x]
`;

describe('a matrix that the file knows', () => {
  const plan = planOf(known);

  test('is planned as its combinations and a stage that stands for them', () => {
    expect(plan.stages.map(({ id }) => id)).toEqual([
      'test (20, linux)',
      'test (22, linux)',
      'test',
      'only22 (20)',
      'only22 (22)',
      'only22',
      'after',
    ]);
    expect(stage(plan, 'test (22, linux)')).toMatchObject({
      work: { image: 'node:22' },
      combination: { of: 'test', values: { node: 22, os: 'linux' } },
    });
    expect(stage(plan, 'only22 (20)').decision).toEqual({
      included: false,
      reasons: ['matrix.node == 22 is false: matrix.node is 20'],
    });
    expect(stage(plan, 'only22').decision).toEqual({
      included: true,
      reasons: ['when its 1 of 2 combinations have ended'],
    });
  });

  test('succeeds when all have, with a list of each output, and those that are left out do not count', () => {
    const run = play(plan)
      .end('test (20, linux)', { version: '1' })
      .end('test (22, linux)', { version: '2' })
      .end('only22 (22)');
    expect(run.state.stages['test']).toMatchObject({
      status: 'succeeded',
      outputs: { version: '["1","2"]' },
      reason: '2 of 2 combinations succeeded',
    });
    expect(run.state.stages['only22']).toMatchObject({
      status: 'succeeded',
      reason: '1 of 2 combinations succeeded, the others were skipped',
    });
    expect(run.state.stages['after']?.status).toBe('queued');
  });

  test('fails with the first that does, and says which', () => {
    const run = play(plan).end('test (20, linux)').fail('test (22, linux)', 1);
    expect(run.state.stages['test']).toMatchObject({
      status: 'failed',
      allowed: false,
      failure: { message: '1 of 2 combinations failed: test (22, linux)' },
    });
    expect(run.state.stages['after']?.status).toBe('skipped');
  });

  test('lets later stages go on when only allowed failures befell it', () => {
    const run = play(plan).end('test (20, linux)').fail('test (22, linux)', 3);
    expect(run.state.stages['test']).toMatchObject({ status: 'failed', allowed: true });
    expect(run.state.stages['after']?.status).toBe('queued');
  });

  test('is cancelled as a whole, and ends when the last of it has', () => {
    const run = play(plan).fold({
      kind: 'stage-cancel-requested',
      stage: 'test',
      by: 'ada',
      reason: 'no',
      at: 5,
    });
    expect(run.state.stages['test (20, linux)']?.status).toBe('cancelled');
    expect(run.state.stages['test']?.status).toBe('cancelled');
    expect(run.state.stages['only22 (22)']?.status).toBe('queued');
  });
});

describe('a matrix from an earlier stage', () => {
  const plan = planOf(found);

  test('waits unexpanded, and becomes stages when the earlier one has ended', () => {
    const begun = play(plan);
    expect(Object.keys(begun.state.stages)).toEqual(['plan', 'build', 'publish']);
    const run = begun.end('plan', { targets: '["arm64", "amd64", "arm64"]' });
    expect(run.state.stages['build']).toEqual({
      status: 'waiting',
      reason: 'waits for its 2 combinations: build (arm64), build (amd64)',
    });
    expect(run.state.stages['build (arm64)']).toMatchObject({
      status: 'queued',
      awaitsTurn: 'build-arm64',
    });
    const whole = wholePlan(plan, run.state);
    expect(artifactSources(whole, stage(whole, 'publish'))).toEqual(['build (arm64)', 'build (amd64)']);
    const resolved = resolveStage(plan, run.state, 'build (amd64)', { id: 'r', number: 1 });
    expect(resolved).toMatchObject({
      ok: true,
      value: { env: { TARGET: { text: 'amd64' } }, work: { steps: [{ run: 'make amd64' }] } },
    });
  });

  test('gives its outputs to later stages', () => {
    const run = play(plan)
      .end('plan', { targets: '["a","b"]' })
      .turn('build (a)')
      .turn('build (b)')
      .end('build (a)', { size: '1' })
      .end('build (b)', { size: '2' });
    const resolved = resolveStage(plan, run.state, 'publish', { id: 'r', number: 1 });
    expect(resolved).toMatchObject({ ok: true, value: { env: { SIZES: { text: '["1","2"]' } } } });
  });

  test('with no value is skipped, and says so', () => {
    expect(play(plan).end('plan', { targets: '[]' }).state.stages['build']).toMatchObject({
      status: 'skipped',
      reason: 'its matrix has no combination: a list is empty',
    });
  });

  test.for([
    ['arm64', 'matrix.target: a JSON list such as ["a", "b"] is expected, not arm64'],
    ['', 'matrix.target: a JSON list such as ["a", "b"] is expected, not nothing'],
    ['[{"a":1}]', 'matrix.target: the list may hold text, numbers, true and false only, not {"a":1}'],
    [JSON.stringify(Array.from({ length: 257 }, (_, n) => n)), 'it has 257 combinations, and at most 256'],
  ] as const)('fails when it is no list that can be run: %s', ([targets, message]) => {
    const failed = play(plan).end('plan', { targets }).state;
    expect(failed.status).toBe('failed');
    expect(failed.stages['build']).toMatchObject({ failure: { message: expect.stringContaining(message) } });
  });

  test('is skipped when what it needs failed', () => {
    const { state } = play(plan).fail('plan', 1);
    expect(state.stages['build']).toMatchObject({ status: 'skipped', reason: 'needs plan, which failed' });
  });

  test('a re-run of the failed part keeps the combinations that succeeded', () => {
    const failed = play(plan)
      .end('plan', { targets: '["a","b"]' })
      .turn('build (a)')
      .turn('build (b)')
      .end('build (a)', { size: '1' })
      .fail('build (b)', 1);
    const choice = chooseRerun(plan, failed.state, 'failed', new Map());
    if (!choice.ok) throw new Error(choice.error.message);
    expect(choice.value.filter(({ kept }) => !kept).map((each) => each.stage)).toEqual([
      'build (b)',
      'build',
      'publish',
    ]);
    const again = play(plan, keptStages(failed.state, choice.value, { runId: 'r', number: 1 }));
    expect(again.state.stages['build (a)']).toMatchObject({ status: 'succeeded', kept: { number: 1 } });
    expect(again.state.stages['build (b)']?.status).toBe('queued');
    const whole = chooseRerun(plan, failed.state, { from: 'build' }, new Map());
    if (!whole.ok) throw new Error(whole.error.message);
    expect(whole.value.filter(({ kept }) => kept).map((each) => each.stage)).toEqual(['plan']);
  });

  test('a matrix that is kept as a whole has its combinations in the new run, for who names them', () => {
    const before = play(plan)
      .end('plan', { targets: '["a","b"]' })
      .turn('build (a)')
      .turn('build (b)')
      .end('build (a)', { size: '1' })
      .end('build (b)', { size: '2' })
      .fail('publish', 1);
    const choice = chooseRerun(plan, before.state, 'failed', new Map());
    if (!choice.ok) throw new Error(choice.error.message);
    expect(choice.value.filter(({ kept }) => !kept).map((each) => each.stage)).toEqual(['publish']);
    const kept = keptStages(before.state, choice.value, { runId: 'r', number: 1 });
    const again = play(plan, kept);
    for (const id of ['build (a)', 'build (b)', 'build']) expect(again.state.stages[id]).toEqual(kept[id]);
    const publish = stage(wholePlan(plan, again.state), 'publish');
    expect(artifactSources(wholePlan(plan, again.state), publish)).toEqual(['build (a)', 'build (b)']);
  });

  test('what is stored goes on as what was in memory', () => {
    const stored = play(plan).end('plan', { targets: '["a"]' });
    const state: RunState = JSON.parse(JSON.stringify(stored.state));
    const again: Plan = JSON.parse(JSON.stringify(plan));
    const event: RunEvent = { kind: 'turn-granted', stage: 'build (a)', at: 9 };
    expect(advance(again, state, event)).toEqual(advance(plan, stored.state, event));
  });
});

test('a list that the inputs give is known when the run is planned', () => {
  const text = `
on: { push: {}, manual: { inputs: { nodes: { type: string, default: '[20, 22]' } } } }
stages:
  test: { matrix: { node: '\${{ inputs.nodes }}' }, steps: ['echo \${{ matrix.node }}'] }
`;
  expect(planOf(text).stages.map(({ id }) => id)).toEqual(['test (20)', 'test (22)', 'test']);
});

function planOf(text: string): Plan {
  const { definition, diagnostics } = parsePipeline(text, '.sluice.yml');
  if (definition === null) throw new Error(JSON.stringify(diagnostics));
  const outcome = buildPlan(definition, aTrigger);
  if (outcome.kind !== 'planned') throw new Error(outcome.reasons.join());
  return outcome.plan;
}

function stage(plan: Plan, id: string) {
  const found = plan.stages.find((each) => each.id === id);
  if (found === undefined) throw new Error(`no stage ${id}`);
  return found;
}

interface Play {
  readonly state: RunState;
  readonly fold: (event: RunEvent) => Play;
  readonly turn: (stage: string) => Play;
  readonly end: (stage: string, outputs?: Readonly<Record<string, string>>) => Play;
  readonly fail: (stage: string, exitCode: number) => Play;
}

function play(plan: Plan, kept: Readonly<Record<string, StageEnd>> = {}): Play {
  const from = (state: RunState): Play => {
    const fold = (event: RunEvent): Play => from(advance(plan, state, event).state);
    return {
      state,
      fold,
      turn: (id) => fold({ kind: 'turn-granted', stage: id, at: 2 }),
      end: (id, outputs = {}) =>
        fold({
          kind: 'stage-finished',
          stage: id,
          attempt: 1,
          outcome: { result: 'succeeded', outputs },
          at: 3,
        }),
      fail: (id, exitCode) =>
        fold({
          kind: 'stage-finished',
          stage: id,
          attempt: 1,
          outcome: { result: 'failed', failure: { class: 'failed', message: `exit ${exitCode}`, exitCode } },
          at: 3,
        }),
    };
  };
  return from(startState(plan, 0)).fold({ kind: 'run-requested', at: 1, kept });
}
