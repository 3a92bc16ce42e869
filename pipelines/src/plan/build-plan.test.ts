import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import type { PipelineDefinition } from '../language/definition.ts';
import { parsePipeline } from '../language/parse-pipeline.ts';
import type { PushTrigger, Trigger } from '../trigger/trigger.ts';
import { buildPlan } from './build-plan.ts';
import { explainPlan } from './explain-plan.ts';
import type { Plan } from './plan.ts';

const push: PushTrigger = {
  event: 'push',
  repository: 'acme/shop',
  actor: 'ada',
  branch: 'main',
  changedFiles: null,
  commit: { sha: '0123456789abcdef', message: 'mend', author: 'ada' },
};

test('groups are rendered when the run is planned, and pools and priorities are kept', () => {
  const text = `
on: push
env: { PLACE: eu }
priority: low
concurrency: { group: 'ci-\${{ branch }}', when_busy: cancel_older }
stages:
  test: { pool: gpu, steps: [x] }
  deploy: { concurrency: 'deploy-\${{ env.PLACE }}', steps: [x] }
`;
  const planned = plan(text, push);
  expect(planned).toMatchObject({
    priority: 'low',
    concurrency: { group: 'ci-main', whenBusy: 'cancel_older' },
  });
  expect(stage(planned, 'test').pool).toBe('gpu');
  expect(stage(planned, 'deploy').concurrency).toEqual({ group: 'deploy-eu', whenBusy: 'queue' });
});

describe('which stages run', () => {
  const text = `
on: [push, pull_request]
stages:
  deploy: { needs: [build, docs], if: branch == 'main', steps: [x] }
  build: { steps: [x] }
  docs: { needs: [build], steps: [x] }
  notify: { needs: [deploy], steps: [x] }
  alarm: { needs: [deploy], if: failure(), steps: [x] }
  tidy: { needs: [deploy], if: always(), steps: [x] }
  tell: { needs: [{ stage: deploy, optional: true }], steps: [x] }
  check: { needs: [build], if: "branch == 'main' && stages.build.status == 'succeeded'", steps: [x] }
`;

  test('a stage stands after everything it needs, otherwise in the order of the file', () => {
    const { stages } = plan(text, push);
    expect(stages.map((stage) => stage.id)).toEqual([
      'build',
      'docs',
      'deploy',
      'notify',
      'alarm',
      'tidy',
      'tell',
      'check',
    ]);
    expect(stages.every((stage) => stage.decision.included)).toBe(true);
  });

  test('a condition that the event decides is decided, with its values', () => {
    expect(stage(plan(text, push), 'deploy')).toMatchObject({
      if: null,
      decision: {
        included: true,
        reasons: [`branch == 'main' is true: branch is "main"`, 'when build, docs succeeded'],
      },
    });
    expect(stage(plan(text, { ...push, branch: 'dev' }), 'deploy').decision).toEqual({
      included: false,
      reasons: [`branch == 'main' is false: branch is "dev"`],
    });
  });

  test('what needs a stage that does not run does not run either, unless it asked to', () => {
    const dev = plan(text, { ...push, branch: 'dev' });
    expect(stage(dev, 'notify').decision).toEqual({
      included: false,
      reasons: ['needs deploy, which does not run'],
    });
    expect(stage(dev, 'tidy').decision.included).toBe(true);
    expect(stage(dev, 'tell').decision.included).toBe(true);
  });

  test('failure() stays open while a stage above can still fail', () => {
    expect(stage(plan(text, { ...push, branch: 'dev' }), 'alarm').decision.included).toBe(true);
    const lonely = `on: push\nstages:\n  a: { if: branch == 'x', steps: [x] }\n  b: { needs: [a], if: failure(), steps: [x] }`;
    expect(stage(plan(lonely, push), 'b').decision).toEqual({
      included: false,
      reasons: ['failure() is false: a does not run'],
    });
  });

  test('half of a condition is enough where it decides the whole', () => {
    expect(stage(plan(text, { ...push, branch: 'dev' }), 'check').decision.included).toBe(false);
    expect(stage(plan(text, push), 'check')).toMatchObject({
      if: "branch == 'main' && stages.build.status == 'succeeded'",
      decision: { included: true },
    });
  });
});

test('templates over the event are filled in, those over stages are left', () => {
  const text = `
on: push
env: { WHERE: '\${{ branch }}' }
stages:
  a:
    image: node:20
    env: { TAG: '\${{ env.WHERE }}-\${{ commit.short }}' }
    steps: ['echo \${{ commit.sha }} \${{ run.id }}']
    outputs: { v: { file: V } }
  b: { needs: [a], steps: ['echo \${{ stages.a.outputs.v }}'] }
`;
  const made = plan(text, push);
  expect(made.env).toEqual({ WHERE: { kind: 'text', text: 'main' } });
  expect(stage(made, 'a')).toMatchObject({
    env: { TAG: { text: 'main-0123456' } },
    work: { steps: [{ run: 'echo 0123456789abcdef ${{ run.id }}' }] },
  });
  expect(stage(made, 'b').work).toMatchObject({ steps: [{ run: 'echo ${{ stages.a.outputs.v }}' }] });
});

describe('manual starts', () => {
  const text = `
on:
  push:
  manual:
    inputs:
      level: { type: choice, options: [debug, info], default: info }
      rounds: { type: number }
      dry: { type: boolean, default: false }
stages:
  a: { if: inputs.level == 'debug' && !inputs.dry, steps: ['echo \${{ inputs.rounds }}'] }
`;
  const manual = (inputs: Record<string, string | number | boolean>): Trigger => {
    const { repository, actor, branch, commit } = push;
    return { event: 'manual', repository, actor, branch, commit, inputs };
  };

  test('inputs are typed, and what is left out has its default', () => {
    const made = plan(text, manual({ level: 'debug', rounds: '7' }));
    expect(made.inputs).toEqual({ level: 'debug', rounds: 7, dry: false });
    expect(stage(made, 'a')).toMatchObject({
      decision: { included: true },
      work: { steps: [{ run: 'echo 7' }] },
    });
  });

  test('every wrong input is told at once', () => {
    const problems = [
      { input: 'lvel', reason: 'unknown', message: 'there is no input "lvel". Did you mean "level"?' },
      { input: 'level', reason: 'wrong', message: 'input "level" must be one of debug, info, not "loud"' },
      {
        input: 'rounds',
        reason: 'missing',
        message: 'input "rounds" (a number) is missing and has no default',
      },
      { input: 'dry', reason: 'wrong', message: 'input "dry" must be true or false, not "maybe"' },
    ];
    expect(buildPlan(definition(text), manual({ lvel: 'debug', level: 'loud', dry: 'maybe' }))).toEqual({
      kind: 'filtered',
      reasons: problems.map(({ message }) => message),
      inputs: problems,
    });
  });

  test('other events go by the defaults', () => {
    expect(plan(text, push).inputs).toEqual({ level: 'info', dry: false });
    expect(stage(plan(text, push), 'a').decision.included).toBe(false);
  });
});

test('an event that matches nothing plans nothing and says why', () => {
  const outcome = buildPlan(definition('on: tag\nstages: { a: { steps: [x] } }'), push);
  expect(explainPlan(outcome)).toEqual([
    'Nothing runs:',
    '  A push does not start this pipeline: on.push is not in the file',
  ]);
});

test('a chain of 10,000 stages is planned', () => {
  const stages = Array.from(
    { length: 10_000 },
    (_, index) =>
      `  s${index}: { ${index === 0 ? '' : `needs: [s${index - 1}], `}if: branch == 'main', steps: [x] }\n`,
  );
  const read = definition(`on: push\nstages:\n${stages.join('')}`);
  const outcome = buildPlan(read, push);
  expect(outcome.kind === 'planned' && outcome.plan.stages.length).toBe(10_000);
});

/** Any graph without a cycle: a stage needs only stages with a smaller number; the file's order is shuffled. */
const graph = fc.array(fc.array(fc.nat(), { maxLength: 4 }), { minLength: 1, maxLength: 20 }).chain((needs) =>
  fc
    .shuffledSubarray(
      needs.map((_, index) => index),
      { minLength: needs.length },
    )
    .map((order) => ({ needs, order })),
);

property.prop([graph])('in any graph, no stage stands before one that it needs', ({ needs, order }) => {
  const lines = order.map((index) => {
    const names = [...new Set((needs[index] ?? []).map((number) => number % Math.max(1, index)))].map(
      (number) => `s${number}`,
    );
    return `  s${index}: { needs: [${index === 0 ? '' : names.join(', ')}], steps: [x] }\n`;
  });
  const { stages } = plan(`on: push\nstages:\n${lines.join('')}`, push);
  expect(stages).toHaveLength(needs.length);
  const seen = new Set<string>();
  for (const each of stages) {
    expect(each.needs.every((need) => seen.has(need.stage))).toBe(true);
    seen.add(each.id);
  }
});

function definition(text: string): PipelineDefinition {
  const parsed = parsePipeline(text, 'x.yml');
  if (parsed.definition === null) throw new Error(parsed.diagnostics.map((each) => each.message).join('\n'));
  return parsed.definition;
}

function plan(text: string, trigger: Trigger): Plan {
  const outcome = buildPlan(definition(text), trigger);
  if (outcome.kind === 'filtered') throw new Error(outcome.reasons.join('\n'));
  return outcome.plan;
}

function stage(made: Plan, id: string): Plan['stages'][number] {
  const found = made.stages.find((each) => each.id === id);
  if (found === undefined) throw new Error(`no stage ${id}`);
  return found;
}
