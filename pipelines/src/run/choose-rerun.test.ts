import { fc, test as propertyTest } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import type { DeployWork, StageWork } from '../language/definition.ts';
import { aPlan } from '../plan/a-plan.ts';
import type { Plan } from '../plan/plan.ts';
import { wholePlan } from '../plan/whole-plan.ts';
import { advance, startState } from './advance.ts';
import { chooseRerun, keptStages, type RerunWhat } from './choose-rerun.ts';
import { pick, plans, play } from './random-run.fixture.ts';
import { isStageEnd, type RunEvent, type RunState, type StageOutcome } from './run-state.ts';

const origin = { runId: 'run-12', number: 12 };
const none = new Map<string, string>();

propertyTest.prop([plans(), fc.infiniteStream(fc.nat({ max: 9_999 }))])(
  'a kept stage never needs one that is run again, and the new run does exactly what was said',
  (plan, choices) => {
    const before = play(plan, choices, { cancels: true }).steps.at(-1)?.state ?? startState(plan, 0);
    const from = pick(plan.stages, choices).id;
    for (const what of ['all', 'failed', { from }] as const) {
      const choice = chooseRerun(plan, before, what, none);
      if (!choice.ok) continue;
      const kept = new Set(choice.value.filter((stage) => stage.kept).map((stage) => stage.stage));
      for (const { id, needs } of wholePlan(plan, before).stages) {
        if (kept.has(id)) expect(needs.every((need) => kept.has(need.stage))).toBe(true);
      }
      const ends = keptStages(before, choice.value, origin);
      expect(new Set(Object.keys(ends))).toEqual(kept);
      const { steps } = play(plan, choices, { requested: { kind: 'run-requested', at: 0, kept: ends } });
      const commanded = steps
        .flatMap((step) => step.commands)
        .flatMap((command) => ('stage' in command && command.stage !== null ? [command.stage] : []));
      expect(commanded.filter((stage) => kept.has(stage))).toEqual([]);
      const last = steps.at(-1)?.state;
      for (const id of kept) expect(last?.stages[id]).toEqual(ends[id]);
      expect(Object.values(last?.stages ?? {}).every(isStageEnd)).toBe(true);
    }
  },
);

describe('what is run again', () => {
  const plan = aPlan()
    .stage('lint', { allowFailure: true })
    .stage('build')
    .stage('test', { needs: ['build'] })
    .stage('report', { needs: ['lint', 'build'] })
    .stage('clean', { needs: ['test'], if: 'failure()' })
    .stage('deploy', { needs: ['test'] })
    .done();
  const failed = ended(plan, { lint: 'failed', test: 'failed' });

  test('the failed part is what failed and what needs it; an allowed failure is kept', () => {
    expect(again(plan, failed, 'failed')).toEqual({
      test: 'failed',
      clean: 'needs test, which is run again',
      deploy: 'needs test, which is run again',
    });
  });

  test('from a stage on: that stage, what needs it, and what failed elsewhere', () => {
    expect(Object.keys(again(plan, failed, { from: 'report' }))).toEqual([
      'test',
      'report',
      'clean',
      'deploy',
    ]);
  });

  test('all of it keeps nothing', () => {
    expect(Object.keys(again(plan, failed, 'all'))).toEqual(plan.stages.map(({ id }) => id));
  });

  test('refusals say what to do instead', () => {
    const good = ended(plan, {});
    expect(chooseRerun(plan, good, 'failed', none)).toMatchObject({ error: { reason: 'nothing-failed' } });
    expect(chooseRerun(plan, good, { from: 'tset' }, none)).toMatchObject({
      error: { reason: 'unknown-stage', message: expect.stringContaining('lint, build, test') },
    });
    expect(chooseRerun(plan, startState(plan, 0), 'all', none)).toMatchObject({
      error: { reason: 'run-not-ended' },
    });
  });

  test('what is kept says from which run, also when it was kept before', () => {
    const choice = chooseRerun(plan, failed, 'failed', none);
    const kept = keptStages(failed, choice.ok ? choice.value : [], origin);
    expect(kept['build']).toMatchObject({ reason: 'kept from run #12', kept: origin });
    const second = { ...failed, stages: { ...failed.stages, ...kept } };
    const twice = keptStages(second, choice.ok ? choice.value : [], { runId: 'run-13', number: 13 });
    expect(twice['build']).toEqual(kept['build']);
  });
});

describe('approvals and images', () => {
  const approval: StageWork = {
    kind: 'approve',
    approval: { by: [], count: 1, withinMs: 1_000, notAuthor: false },
  };
  const deploy: DeployWork = {
    kind: 'deploy',
    environment: 'production',
    image: 'push',
    manifests: null,
    container: null,
    strategy: 'rolling',
    steps: [],
    metrics: {},
    confidence: 0.95,
    intervalMs: 1_000,
    noData: 'wait',
    onInconclusive: 'hold',
    bakeMs: 0,
    drainMs: 0,
    deadlineMs: 1_000,
  };
  const build: StageWork = { kind: 'build', file: 'Dockerfile', context: '.', target: null, args: {} };
  const push: StageWork = { kind: 'push', of: 'image', to: 'registry.example.com/shop', tags: ['v1'] };
  const plan = aPlan()
    .stage('image', { work: build })
    .stage('push', { needs: ['image'], work: push })
    .stage('may-stage', { needs: ['push'], work: approval })
    .stage('staging', { needs: ['may-stage'], work: deploy })
    .stage('may-ship', { needs: ['staging'], work: approval })
    .stage('production', { needs: ['may-ship'], work: deploy })
    .done();

  test('an approval of a deployment that is run again is asked anew, an earlier deployment and its own are kept', () => {
    expect(Object.keys(again(plan, ended(plan, { production: 'failed' }), 'failed'))).toEqual([
      'may-ship',
      'production',
    ]);
  });

  test('an approval stands behind a stage that is run again: it is asked again too', () => {
    expect(Object.keys(again(plan, ended(plan, {}), { from: 'staging' }))).toEqual([
      'may-stage',
      'staging',
      'may-ship',
      'production',
    ]);
  });

  test('an image that is gone is built again where it is needed, and only there', () => {
    const gone = new Map([['image', 'its image was removed']]);
    expect(again(plan, ended(plan, { push: 'failed' }), 'failed', gone)).toMatchObject({
      image: 'its image was removed, and push needs it',
      push: 'failed',
    });
    expect(again(plan, ended(plan, { production: 'failed' }), 'failed', gone)).not.toHaveProperty('image');
  });
});

function again(
  plan: Plan,
  state: RunState,
  what: RerunWhat,
  gone: ReadonlyMap<string, string> = none,
): Record<string, string> {
  const choice = chooseRerun(plan, state, what, gone);
  if (!choice.ok) throw new Error(choice.error.message);
  return Object.fromEntries(choice.value.flatMap((each) => (each.kept ? [] : [[each.stage, each.reason]])));
}

/** The run when it has ended: every stage that could start succeeded but those named. */
function ended(plan: Plan, failures: Readonly<Record<string, 'failed'>>): RunState {
  let state = advance(plan, startState(plan, 0), { kind: 'run-requested', at: 0 }).state;
  for (let at = 1; state.status === 'running'; at++) {
    const open = plan.stages.find(({ id }) => {
      const status = state.stages[id]?.status;
      return status === 'queued' || status === 'running' || status === 'awaiting-approval';
    });
    if (open === undefined) throw new Error('the run stands still');
    state = advance(plan, state, endOf(open.id, state, failures, at)).state;
  }
  return state;
}

function endOf(
  stage: string,
  state: RunState,
  failures: Readonly<Record<string, 'failed'>>,
  at: number,
): RunEvent {
  if (state.stages[stage]?.status === 'awaiting-approval')
    return {
      kind: 'approval-voted',
      stage,
      vote: { by: 'grace', verdict: 'approved', reason: null, at },
      at,
    };
  const failure = { class: 'failed', message: 'exit 1', exitCode: 1 } as const;
  const outcome: StageOutcome =
    stage in failures ? { result: 'failed', failure } : { result: 'succeeded', outputs: {} };
  return { kind: 'stage-finished', stage, attempt: 1, outcome, at };
}
