import { expect, test } from 'vitest';
import { aFileTree } from '../language/file-tree.fixture.ts';
import { gatherFiles } from '../language/gather-files.ts';
import { parsePipeline } from '../language/parse-pipeline.ts';
import { artifactSources } from '../plan/artifact-sources.ts';
import { buildPlan } from '../plan/build-plan.ts';
import { chooseStages } from '../plan/choose-stages.ts';
import { explainPlan } from '../plan/explain-plan.ts';
import type { Plan } from '../plan/plan.ts';
import { resolveStage } from '../plan/resolve-stage.ts';
import type { Trigger } from '../trigger/trigger.ts';
import { advance, startState } from './advance.ts';
import { chooseRerun } from './choose-rerun.ts';
import type { RunEvent, RunState } from './run-state.ts';

const template = `inputs: { greeting: { type: string }, level: { type: choice, options: [low, high], default: low } }
env: { WHERE: 'in \${{ inputs.greeting }}' }
stages:
  test: { image: 'busybox:1', outputs: { v: { file: V } }, artifacts: { paths: [dist] }, steps: ['echo \${{ inputs.level }} \${{ env.WHERE }}'] }
  deep: { needs: [test], if: stages.test.outputs.v == '1', image: 'busybox:1', steps: ['echo \${{ stages.test.outputs.v }}'] }
  clean: { needs: [deep], if: always(), image: 'busybox:1', steps: [rm] }
outputs: { version: 'v\${{ stages.test.outputs.v }}' }
`;

test('what a template’s stages name is theirs: inputs, variables, stages', async () => {
  const plan = await planOf(`  ci: { use: ./t.yml, with: { greeting: 'b-\${{ event }}', level: high } }\n`);
  const state = run(plan, done('ci.test', { v: '1' }));
  expect(resolved(plan, state, 'ci.test')).toMatchObject({
    env: { WHERE: { text: 'in b-push' } },
    work: { steps: [{ run: 'echo high in b-push' }] },
  });
  expect(resolved(plan, state, 'ci.test').env).not.toHaveProperty('OUTER');
  expect(resolved(plan, state, 'ci.deep').work).toMatchObject({ steps: [{ run: 'echo 1' }] });
});

test('a stage behind waits for all of them and reads the template’s outputs', async () => {
  const plan = await planOf(
    `  ci: { use: ./t.yml, with: { greeting: x } }\n  last: { needs: [ci], image: 'busybox:1', steps: ['echo \${{ stages.ci.outputs.version }}'] }\n`,
  );
  const first = run(plan, done('ci.test', { v: '1' }), done('ci.deep'));
  expect(first.stages['last']).toMatchObject({ status: 'waiting' });
  const state = run(plan, done('ci.test', { v: '1' }), done('ci.deep'), done('ci.clean'));
  expect(state.stages['ci']).toMatchObject({
    status: 'succeeded',
    outputs: { version: 'v1' },
    reason: '3 of 3 stages succeeded',
  });
  expect(resolved(plan, state, 'last').work).toMatchObject({ steps: [{ run: 'echo v1' }] });
  expect(artifactSources(plan, stageOf(plan, 'last'))).toEqual(['ci.test']);
});

test('a value from an earlier stage is given when that has ended, and one that does not fit fails the stages', async () => {
  const stages = `  first: { image: 'busybox:1', outputs: { l: { file: L } }, steps: [x] }
  ci: { needs: [first], use: ./t.yml, with: { greeting: x, level: '\${{ stages.first.outputs.l }}' } }\n`;
  const plan = await planOf(stages);
  const good = run(plan, done('first', { l: 'high' }));
  expect(resolved(plan, good, 'ci.test').work).toMatchObject({ steps: [{ run: 'echo high in x' }] });
  const bad = run(plan, done('first', { l: 'middle' }));
  expect(bad.stages['ci.test']).toMatchObject({
    status: 'failed',
    failure: {
      message: 'stage "ci": with: input "level" must be one of low, high, not "middle"',
    },
  });
  expect(bad.status).toBe('failed');
});

test('the condition of the stage that uses a template is that of all its stages, also of those that always run', async () => {
  const plan = await planOf(`  ci: { if: branch == 'dev', use: ./t.yml, with: { greeting: x } }\n`);
  expect(plan.stages.map(({ id, decision }) => [id, decision.included])).toEqual([
    ['ci.test', false],
    ['ci.deep', false],
    ['ci.clean', false],
    ['ci', false],
  ]);
  expect(plan.stages[2]?.decision.reasons).toEqual([
    `ci does not run: branch == 'dev' is false: branch is "main"`,
  ]);
  const later = await planOf(
    `  first: { image: 'busybox:1', outputs: { go: { file: G } }, steps: [x] }
  ci: { needs: [first], if: stages.first.outputs.go == 'yes', use: ./t.yml, with: { greeting: x } }\n`,
  );
  const skipped = run(later, done('first', { go: 'no' }));
  expect(skipped.stages['ci.clean']).toMatchObject({
    status: 'skipped',
    reason: expect.stringContaining('ci does not run'),
  });
  expect(skipped.stages['ci']?.status).toBe('skipped');
  expect(skipped.status).toBe('succeeded');
  expect(run(later, done('first', { go: 'yes' })).stages['ci.test']?.status).toBe('queued');
});

test('a failure before it holds the template back, and always() lets it run', async () => {
  const first = `  first: { image: 'busybox:1', steps: [x] }\n`;
  const held = await planOf(`${first}  ci: { needs: [first], use: ./t.yml, with: { greeting: x } }\n`);
  expect(run(held, failed('first')).stages['ci.test']).toMatchObject({
    status: 'skipped',
    reason: 'ci does not run: needs first, which failed',
  });
  const always = await planOf(
    `${first}  ci: { needs: [first], if: always(), use: ./t.yml, with: { greeting: x } }\n`,
  );
  expect(run(always, failed('first')).stages['ci.test']?.status).toBe('queued');
});

test('a cancel ends what has not begun and lets the template clean up', async () => {
  const plan = await planOf(`  ci: { use: ./t.yml, with: { greeting: x } }\n`);
  const cancel: RunEvent = { kind: 'cancel-requested', by: 'ada', reason: 'enough', at: 9 };
  const state = run(plan, done('ci.test', { v: '1' }), () => [cancel]);
  expect(state.stages['ci.clean']?.status).toBe('queued');
  const before = run(plan, () => [cancel]);
  expect(before.stages['ci']?.status).toBe('waiting');
  const ended = run(plan, () => [cancel], done('ci.clean'));
  expect(ended.stages['ci']?.status).toBe('cancelled');
  expect(ended.status).toBe('cancelled');
  const one = run(plan, () => [
    { kind: 'stage-cancel-requested', stage: 'ci', by: 'ada', reason: 'enough', at: 9 },
  ]);
  expect(Object.values(one.stages).map(({ status }) => status)).toEqual(Array(4).fill('cancelled'));
});

test('a part of a run begins with the template as a whole, or with one of its stages', async () => {
  const plan = await planOf(
    `  first: { image: 'busybox:1', steps: [x] }\n  ci: { needs: [first], use: ./t.yml, with: { greeting: x } }\n`,
  );
  const state = run(plan, done('first'), done('ci.test', { v: '1' }), done('ci.deep'), done('ci.clean'));
  const again = (from: string): readonly string[] => {
    const chosen = chooseRerun(plan, state, { from }, new Map());
    return chosen.ok ? chosen.value.filter(({ kept }) => !kept).map(({ stage }) => stage) : [];
  };
  expect(again('ci')).toEqual(['ci.test', 'ci.deep', 'ci.clean', 'ci']);
  expect(again('ci.deep')).toEqual(['ci.deep', 'ci.clean', 'ci']);
  const only = chooseStages(plan, { only: ['ci.test'], from: null, matrix: {} });
  expect(
    only.ok && only.value.plan.stages.map(({ id, needs }) => [id, needs.map(({ stage }) => stage)]),
  ).toEqual([
    ['first', []],
    ['ci.test', ['first']],
    ['ci', ['ci.test']],
  ]);
});

test('a matrix in a template takes its list from the inputs', async () => {
  const plan = await planOf(`  ci: { use: ./m.yml, with: { versions: '["1","2"]' } }\n`, {
    'm.yml': `inputs: { versions: { type: string } }
stages:
  each: { matrix: { v: '\${{ inputs.versions }}' }, image: 'busybox:1', steps: ['echo \${{ matrix.v }}'] }
  all: { needs: [each], if: stages.each.status == 'succeeded', image: 'busybox:1', steps: [x] }
`,
  });
  expect(plan.stages.map(({ id }) => id)).toEqual(['ci.each (1)', 'ci.each (2)', 'ci.each', 'ci.all', 'ci']);
  const state = run(plan, done('ci.each (1)'), done('ci.each (2)'), done('ci.all'));
  expect(state.status).toBe('succeeded');
});

test('the plan says what the stages are and where they come from', async () => {
  const plan = await planOf(`  ci: { use: ./t.yml, with: { greeting: x } }\n`);
  expect(explainPlan({ kind: 'planned', plan }).at(-1)).toBe(
    '  + ci        use      when its 3 stages of ./t.yml have ended',
  );
});

const trigger: Trigger = {
  event: 'push',
  branch: 'main',
  repository: 'acme/shop',
  actor: 'ada',
  commit: { sha: 'a'.repeat(40), message: '', author: 'ada' },
  changedFiles: null,
};

async function planOf(stages: string, files: Readonly<Record<string, string>> = {}): Promise<Plan> {
  const text = `on: push\nenv: { OUTER: x }\nstages:\n${stages}`;
  const tree = aFileTree({ 't.yml': template, ...files });
  const { definition, diagnostics } = parsePipeline(
    text,
    '.sluice.yml',
    await gatherFiles(text, '.sluice.yml', tree),
  );
  if (definition === null) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
  const outcome = buildPlan(definition, trigger);
  if (outcome.kind !== 'planned') throw new Error('nothing is planned');
  return outcome.plan;
}

type Happening = (state: RunState) => readonly RunEvent[];

function run(plan: Plan, ...happenings: readonly Happening[]): RunState {
  let { state } = advance(plan, startState(plan, 0), { kind: 'run-requested', at: 0 });
  for (const happening of happenings)
    for (const event of happening(state)) ({ state } = advance(plan, state, event));
  return state;
}

const done =
  (stage: string, outputs: Readonly<Record<string, string>> = {}): Happening =>
  () => [
    { kind: 'stage-claimed', stage, attempt: 1, worker: 'w', at: 1 },
    { kind: 'stage-finished', stage, attempt: 1, at: 2, outcome: { result: 'succeeded', outputs } },
  ];

const failed =
  (stage: string): Happening =>
  () => [
    { kind: 'stage-claimed', stage, attempt: 1, worker: 'w', at: 1 },
    {
      kind: 'stage-finished',
      stage,
      attempt: 1,
      at: 2,
      outcome: { result: 'failed', failure: { class: 'failed', message: 'exit 1', exitCode: 1 } },
    },
  ];

function stageOf(plan: Plan, id: string) {
  const stage = plan.stages.find((each) => each.id === id);
  if (stage === undefined) throw new Error(`no stage ${id}`);
  return stage;
}

function resolved(plan: Plan, state: RunState, id: string) {
  const stage = resolveStage(plan, state, id, { id: 'run', number: 1 });
  if (!stage.ok) throw new Error(stage.error);
  return stage.value;
}
