import { expect, test } from 'vitest';
import { aFileTree } from '../language/file-tree.fixture.ts';
import { gatherFiles } from '../language/gather-files.ts';
import { parsePipeline } from '../language/parse-pipeline.ts';
import { advance, startState } from '../run/advance.ts';
import type { RunEvent, RunState } from '../run/run-state.ts';
import type { Trigger } from '../trigger/trigger.ts';
import { aTrigger } from './a-plan.ts';
import { buildPlan } from './build-plan.ts';
import { chooseStages } from './choose-stages.ts';
import { chooseRerun } from '../run/choose-rerun.ts';
import type { Plan } from './plan.ts';
import { resolveStage } from './resolve-stage.ts';

const templates = {
  'node.yml': `inputs: { node: { type: string }, flag: { type: string, default: '' } }
env: { WHERE: 'on \${{ inputs.node }}' }
stages:
  install: { image: 'node:\${{ inputs.node }}', outputs: { v: { file: V } }, artifacts: { paths: [dist] }, steps: ['echo \${{ env.WHERE }}'] }
  test: { needs: [install], image: 'busybox:1', matrix: { part: [a, b] }, steps: ['test \${{ matrix.part }} \${{ inputs.flag }} \${{ stages.install.outputs.v }}'] }
outputs: { v: '\${{ stages.install.outputs.v }}' }
`,
  'outer.yml': `inputs: { nodes: { type: string } }
stages:
  all: { matrix: { node: '\${{ inputs.nodes }}' }, use: ./node.yml, with: { node: '\${{ matrix.node }}' } }
`,
};

async function read(stages: string, on = 'push'): ReturnType<typeof parse> {
  return parse(`on: ${on}\nstages:\n${stages}`);
}

async function parse(text: string) {
  const tree = aFileTree({ '.sluice.yml': text, ...templates });
  return parsePipeline(text, '.sluice.yml', await gatherFiles(text, '.sluice.yml', tree));
}

async function planOf(stages: string, trigger: Trigger = aTrigger, on = 'push'): Promise<Plan> {
  const { definition, diagnostics } = await read(stages, on);
  if (definition === null) throw new Error(JSON.stringify(diagnostics));
  const outcome = buildPlan(definition, trigger);
  if (outcome.kind === 'filtered') throw new Error(outcome.reasons.join());
  return outcome.plan;
}

const ci = `  ci: { matrix: { node: [20, 22], include: [{ node: 22, flag: --strict }] }, use: ./node.yml, with: { node: '\${{ matrix.node }}', flag: '\${{ matrix.flag }}' } }\n`;

/** The run after these stages have succeeded with these outputs. */
function run(plan: Plan, ...done: readonly (readonly [string, Record<string, string>?])[]): RunState {
  let state = startState(plan, 0);
  const fold = (event: RunEvent): void => void ({ state } = advance(plan, state, event));
  fold({ kind: 'run-requested', at: 0 });
  for (const [stage, outputs = {}] of done) {
    fold({ kind: 'stage-claimed', stage, attempt: 1, worker: 'w', at: 1 });
    fold({ kind: 'stage-finished', stage, attempt: 1, outcome: { result: 'succeeded', outputs }, at: 2 });
  }
  return state;
}

test('every combination has the stages of the template, with its own values', async () => {
  const plan = await planOf(
    `${ci}  last: { needs: [ci], image: 'busybox:1', steps: ['echo \${{ stages.ci.outputs.v }}'] }\n`,
  );
  expect(plan.stages.map(({ id }) => id)).toEqual([
    'ci (20).install',
    'ci (20).test (a)',
    'ci (20).test (b)',
    'ci (20).test',
    'ci (20)',
    'ci (22).install',
    'ci (22).test (a)',
    'ci (22).test (b)',
    'ci (22).test',
    'ci (22)',
    'ci',
    'last',
  ]);
  expect(plan.stages.map(({ within }) => within ?? '').filter((each) => each !== '')).toContain('ci (22)');
  expect(plan.stages.at(-2)?.decision.reasons).toEqual(['when its 2 combinations have ended']);
  const state = run(plan, ['ci (22).install', { v: 'v22' }]);
  expect(state.stages['ci (22).test (b)']?.status).toBe('queued');
  expect(state.stages['ci (20).test (b)']?.status).toBe('waiting');
  const resolved = resolveStage(plan, state, 'ci (22).test (b)', { id: 'r', number: 1 });
  expect(resolved.ok && resolved.value.work).toMatchObject({ steps: [{ run: 'test b --strict v22' }] });
  const first = resolveStage(plan, state, 'ci (20).install', { id: 'r', number: 1 });
  expect(first.ok && first.value.work).toMatchObject({ image: 'node:20', steps: [{ run: 'echo on 20' }] });
});

test('when all have ended, the stage has their outputs as a list', async () => {
  const plan = await planOf(ci);
  const state = run(
    plan,
    ['ci (20).install', { v: 'a' }],
    ['ci (22).install', { v: 'b' }],
    ...['20', '22'].flatMap((node) =>
      ['a', 'b'].map((part): readonly [string] => [`ci (${node}).test (${part})`]),
    ),
  );
  expect(state.stages['ci']).toMatchObject({
    status: 'succeeded',
    outputs: { v: '["a","b"]' },
    reason: '2 of 2 combinations succeeded',
  });
  expect(state.status).toBe('succeeded');
});

test('a matrix inside of a template takes its list from the template’s inputs', async () => {
  const plan = await planOf(`  ci: { use: ./outer.yml, with: { nodes: '["18", "20"]' } }\n`);
  expect(plan.stages.map(({ id }) => id).filter((id) => id.endsWith('install'))).toEqual([
    'ci.all (18).install',
    'ci.all (20).install',
  ]);
  const resolved = resolveStage(plan, run(plan), 'ci.all (18).install', { id: 'r', number: 1 });
  expect(resolved.ok && resolved.value.work).toMatchObject({ image: 'node:18' });
});

test('its condition is asked of each combination', async () => {
  const plan = await planOf(
    `  ci: { if: matrix.node == 20, matrix: { node: [20, 22] }, use: ./node.yml, with: { node: '\${{ matrix.node }}' } }\n`,
  );
  const included = plan.stages.filter(({ decision }) => decision.included).map(({ id }) => id);
  expect(included).toEqual([
    'ci (20).install',
    'ci (20).test (a)',
    'ci (20).test (b)',
    'ci (20).test',
    'ci (20)',
    'ci',
  ]);
  expect(plan.stages.at(-1)?.decision.reasons).toEqual(['when its 1 of 2 combinations have ended']);
});

test('a list that is not known in time fails the stage, and an empty one skips it', async () => {
  const first = `  first: { image: 'busybox:1', outputs: { l: { file: L } }, steps: [x] }\n`;
  const late = await planOf(
    `${first}  ci: { needs: [first], use: ./outer.yml, with: { nodes: '\${{ stages.first.outputs.l }}' } }\n`,
  );
  const failed = run(late, ['first', { l: '["1"]' }]);
  expect(failed.stages['ci.all']).toMatchObject({
    status: 'failed',
    failure: { message: expect.stringContaining('its lists are not known when the run is planned') },
  });
  expect(failed.status).toBe('failed');
  const empty = await planOf(`  ci: { use: ./outer.yml, with: { nodes: '[]' } }\n`);
  expect(run(empty).stages['ci.all']).toMatchObject({ status: 'skipped' });
  expect(run(empty).status).toBe('succeeded');
});

test('lists of earlier stages are refused when the file is read', async () => {
  const { diagnostics } = await read(
    `  first: { image: 'busybox:1', outputs: { l: { file: L } }, steps: [x] }
  ci: { needs: [first], matrix: { node: '\${{ stages.first.outputs.l }}' }, use: ./node.yml, with: { node: '\${{ matrix.node }}' } }\n`,
  );
  expect(diagnostics.map(({ message }) => message)).toEqual([
    'Which stages of a template a run has is known before any stage has ended. Write the list out, or take it from inputs or event.',
  ]);
});

test('an image of a template that is used several times has no single name', async () => {
  const { diagnostics } = await read(
    `${ci}  last: { needs: [ci], image: 'busybox:1', artifacts: { from: [ci.install] }, steps: [x] }\n`,
  );
  expect(diagnostics[0]?.message).toMatch(/names "ci.install", and ci has a matrix.*from: \[ci\]/);
});

test('a person may choose one combination, and run again from a whole stage', async () => {
  const plan = await planOf(`${ci}  last: { needs: [ci], image: 'busybox:1', steps: [x] }\n`);
  const one = chooseStages(plan, { only: [], from: null, matrix: { node: '22' } });
  expect(one.ok && one.value.plan.stages.map(({ id }) => id)).toEqual([
    'ci (22).install',
    'ci (22).test (a)',
    'ci (22).test (b)',
    'ci (22).test',
    'ci (22)',
    'ci',
    'last',
  ]);
  const from = chooseStages(plan, { only: [], from: 'ci', matrix: {} });
  expect(from.ok && [...from.value.keeps]).toEqual([]);
  const state = { ...run(plan), status: 'failed' as const };
  const again = chooseRerun(plan, state, { from: 'ci (20)' }, new Map());
  expect(again.ok && again.value.find(({ stage }) => stage === 'ci (20).install')?.kept).toBe(false);
});

test('more stages than a run may have are a problem of the stage, found when the list is known', async () => {
  const list = JSON.stringify(Array.from({ length: 200 }, (_, index) => String(index)));
  const many = Array.from(
    { length: 20 },
    (_, index) => `  c${index}: { use: ./outer.yml, with: { nodes: '${list}' } }\n`,
  );
  const plan = await planOf(many.join(''));
  expect(plan.stages.length).toBeLessThanOrEqual(10_000);
  const problems = Object.values(run(plan).stages).filter(({ status }) => status === 'failed');
  expect(problems[0]).toMatchObject({
    failure: { message: expect.stringContaining('more than 10000 stages') },
  });
});

test('needs are counted with those of every combination, in the file and when lists become known', async () => {
  const before = Array.from({ length: 400 }, (_, index) => `s${index}`);
  const plain = before.map((id) => `  ${id}: { image: 'busybox:1', steps: [x] }\n`).join('');
  const list = `[${Array.from({ length: 256 }, (_, index) => index).join(', ')}]`;
  const wide = (matrix: string) =>
    `${plain}  all: { needs: [${before.join(', ')}], matrix: { n: ${matrix} }, image: 'busybox:1', steps: [x] }\n`;
  expect((await read(wide(list))).diagnostics.map(({ code }) => code)).toEqual(['too-many-needs']);
  const on = `{ push: {}, manual: { inputs: { list: { type: string, default: '${list}' } } } }`;
  const plan = await planOf(wide("'${{ inputs.list }}'"), aTrigger, on);
  expect(plan.stages.reduce((sum, { needs }) => sum + needs.length, 0)).toBeLessThanOrEqual(100_000);
  const done = before.map((id): readonly [string] => [id]);
  expect(run(plan, ...done).stages['all']).toMatchObject({
    status: 'failed',
    failure: { message: expect.stringContaining('put a stage between') },
  });
});
