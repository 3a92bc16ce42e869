import { describe, expect, test } from 'vitest';
import { parsePipeline } from '../language/parse-pipeline.ts';
import type { RunState, StageState } from '../run/run-state.ts';
import { buildPlan } from './build-plan.ts';
import type { Plan } from './plan.ts';
import { resolveStage, stageCondition } from './resolve-stage.ts';

const plan = planOf(`
on: push
env: { COMMON: 'run \${{ run.number }}', STRANGE: '\${{ commit.message }}' }
stages:
  build:
    steps: [make]
    outputs: { version: { file: V } }
  optional: { if: branch == 'other', steps: [x] }
  test:
    needs: [build, { stage: optional, optional: true }]
    env: { OWN: '\${{ stages.build.outputs.version }}' }
    steps:
      - run: echo \${{ env.OWN }}
      - { run: report, if: always() }
      - { run: celebrate, if: stages.build.outputs.version == '2.0' }
  conditional: { needs: [build], if: stages.build.outputs.version == '1.2', steps: [x] }
  report: { needs: [test], if: always(), steps: [x] }
  repair: { needs: [report], if: failure(), steps: [x] }
  stopped: { needs: [build], if: cancelled(), steps: [x] }
`);

const succeeded = (outputs: Record<string, string> = {}): StageState => ({
  status: 'succeeded',
  attempt: 1,
  startedAt: 1,
  finishedAt: 2,
  outputs,
  steps: [],
  reason: null,
});
const failed = (allowed = false): StageState => ({
  status: 'failed',
  attempt: 1,
  startedAt: 1,
  finishedAt: 2,
  failure: { class: 'failed', message: 'exit 1', exitCode: 1 },
  steps: [],
  allowed,
});
const skipped: StageState = { status: 'skipped', finishedAt: 2, reason: 'x' };
const built = succeeded({ version: '1.2' });

const state = (stages: Record<string, StageState>, cancel: RunState['cancel'] = null): RunState => ({
  status: 'running',
  startedAt: 0,
  finishedAt: null,
  cancel,
  stages,
});
const runs = (id: string, stages: Record<string, StageState>, cancel: RunState['cancel'] = null): unknown => {
  const condition = stageCondition(plan, state(stages, cancel), id);
  return condition.ok ? condition.value.runs : condition.error;
};

describe('whether a stage runs', () => {
  test('when all its needs succeeded, or failed where that is allowed', () => {
    expect(runs('test', { build: built, optional: skipped })).toBe(true);
    expect(runs('test', { build: failed(true), optional: skipped })).toBe(true);
    expect(runs('test', { build: failed(), optional: skipped })).toBe(false);
  });

  test('an optional need never holds it back, a skipped one that is not optional does', () => {
    expect(runs('test', { build: built, optional: failed() })).toBe(true);
    expect(runs('test', { build: skipped, optional: skipped })).toBe(false);
  });

  test('a stage that the plan excludes never runs', () => {
    expect(stageCondition(plan, state({}), 'optional')).toEqual({
      ok: true,
      value: { runs: false, reason: `branch == 'other' is false: branch is "main"` },
    });
  });

  test('always() runs after a failure, failure() sees one further up', () => {
    expect(runs('report', { build: built, test: failed() })).toBe(true);
    expect(runs('repair', { build: built, test: failed(), report: succeeded() })).toBe(true);
    expect(runs('repair', { build: built, test: succeeded(), report: succeeded() })).toBe(false);
    expect(runs('repair', { build: built, test: failed(true), report: succeeded() })).toBe(false);
  });

  test('after a cancel only always() and cancelled() run', () => {
    const cancel = { by: 'ada', reason: 'wrong branch', at: 1 };
    expect(runs('test', { build: built, optional: skipped }, cancel)).toBe(false);
    expect(runs('report', { test: skipped }, cancel)).toBe(true);
    expect(runs('stopped', { build: built }, cancel)).toBe(true);
    expect(runs('stopped', { build: built })).toBe(false);
  });

  test('the reason holds the expression and its values', () => {
    const condition = stageCondition(plan, state({ build: succeeded({ version: '1.3' }) }), 'conditional');
    expect(condition).toEqual({
      ok: true,
      value: {
        runs: false,
        reason: `stages.build.outputs.version == '1.2' is false: stages.build.outputs.version is "1.3"`,
      },
    });
  });

  test('a missing output is a problem that names it', () => {
    expect(runs('conditional', { build: succeeded() })).toContain(
      'stage "build" (succeeded) gave no output "version"',
    );
  });
});

describe('a resolved stage', () => {
  const stages = { build: built, optional: skipped };
  const resolved = resolveStage(plan, state(stages), 'test', { id: 'r1', number: 12 });

  test('has outputs and the run filled in, and the environment of the pipeline too', () => {
    expect(resolved).toMatchObject({
      ok: true,
      value: {
        env: { COMMON: { text: 'run 12' }, OWN: { text: '1.2' } },
        work: { steps: [{ run: 'echo 1.2' }, {}, {}] },
      },
    });
  });

  test("leaves of its steps' conditions what a worker can decide", () => {
    expect(resolved).toMatchObject({
      value: { work: { steps: [{ if: null }, { if: 'always()' }, { if: 'false' }] } },
    });
  });

  test('keeps text from outside as text, whatever it looks like', () => {
    expect(resolved).toMatchObject({
      value: { env: { STRANGE: { text: 'evil ${{ stages.build.outputs.version }}' } } },
    });
  });

  test('is an error where a value is missing, and names stage, place and output', () => {
    const missing = resolveStage(plan, state({ build: succeeded() }), 'test', { id: 'r1', number: 12 });
    expect(missing).toEqual({
      ok: false,
      error: expect.stringContaining('stage "test": ') as string,
    });
    expect(!missing.ok && missing.error).toContain('stage "build" (succeeded) gave no output "version"');
  });
});

function planOf(text: string): Plan {
  const { definition, diagnostics } = parsePipeline(text, 'x.yml');
  if (definition === null) throw new Error(diagnostics.map((each) => each.message).join('\n'));
  const outcome = buildPlan(definition, {
    event: 'push',
    repository: 'acme/shop',
    actor: 'ada',
    branch: 'main',
    changedFiles: null,
    commit: { sha: '0123456789abcdef', message: 'evil ${{ stages.build.outputs.version }}', author: 'eve' },
  });
  if (outcome.kind === 'filtered') throw new Error(outcome.reasons.join('\n'));
  return outcome.plan;
}

test('services are filled in like steps, each with its own variables', () => {
  const services = planOf(`
on: push
env: { COMMON: 'run \${{ run.number }}' }
stages:
  build: { steps: [make], outputs: { version: { file: V } } }
  test:
    needs: [build]
    image: x
    services:
      db:
        image: 'db:\${{ stages.build.outputs.version }}'
        env: { NAME: '\${{ env.COMMON }}' }
        ready: 'ask \${{ env.NAME }}'
        command: [serve, '\${{ run.number }}']
    steps: [x]
`);
  const stage = resolveStage(services, state({ build: built }), 'test', { id: 'r', number: 7 });
  expect(stage).toMatchObject({
    ok: true,
    value: {
      work: {
        services: [
          {
            image: 'db:1.2',
            env: { NAME: { text: 'run 7' } },
            ready: 'ask run 7',
            command: ['serve', '7'],
          },
        ],
      },
    },
  });
});
