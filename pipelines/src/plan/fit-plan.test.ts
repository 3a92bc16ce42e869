import { expect, test } from 'vitest';
import { advance, startState } from '../run/advance.ts';
import { aPlan } from './a-plan.ts';
import { fitPlan, type LocalPlace } from './fit-plan.ts';
import type { Plan } from './plan.ts';
import type { ApproveWork, PushWork, StepsWork } from '../language/definition.ts';

const laptop: LocalPlace = { docker: true, process: false, scanner: 'there is no Trivy', person: true };
const steps: StepsWork = {
  kind: 'steps',
  image: 'node:20',
  checkout: true,
  shell: 'sh',
  network: true,
  services: [],
  user: null,
  readOnlyRoot: false,
  pod: null,
  resources: { cpu: 2, memoryBytes: null, pids: null },
  steps: [],
  outputs: {},
};
const push: PushWork = { kind: 'push', of: 'image', to: 'r/x', tags: ['1'] };
const approve: ApproveWork = {
  kind: 'approve',
  approval: { by: ['release-managers'], count: 2, withinMs: 1_000, notAuthor: true },
};

test('what needs a server is left out with its reason, and so is what stands on it', () => {
  const plan = aPlan()
    .stage('push', { work: push })
    .stage('after', { needs: ['push'] })
    .stage('always', { needs: ['push'], if: 'always()' })
    .done();
  const { state } = begun(fitPlan(plan, laptop).plan);
  expect(state.stages['push']).toMatchObject({
    status: 'skipped',
    reason: 'a push is not run here: it needs a server',
  });
  expect(state.stages['after']).toMatchObject({ status: 'skipped', reason: 'needs push, which was skipped' });
  expect(state.stages['always']).toMatchObject({ status: 'queued' });
});

test('a scan without a scanner says what is missing', () => {
  const plan = aPlan()
    .stage('scan', { work: { kind: 'scan', of: 'image', failOn: null, noData: 'fail', allow: [] } })
    .done();
  expect(fitPlan(plan, laptop).plan.stages[0]?.decision).toEqual({
    included: false,
    reasons: ['a scan is not run here: there is no Trivy'],
  });
  expect(fitPlan(plan, { ...laptop, scanner: true }).plan).toEqual(plan);
});

test('one person answers for all where somebody sits there; else the approval is left out', () => {
  const plan = aPlan().stage('accept', { work: approve }).done();
  const asked = fitPlan(plan, laptop);
  expect(asked.plan.stages[0]?.work).toMatchObject({ approval: { count: 1, by: [] } });
  expect(asked.changes).toEqual(['accept: you are asked here; a server asks 2 people of release-managers']);
  const alone = fitPlan(plan, { ...laptop, person: 'nobody sits at a terminal' });
  expect(alone.plan.stages[0]?.decision).toMatchObject({ included: false });
});

test('a stage without an image is refused until the person allows it, and told how', () => {
  const plan = aPlan()
    .stage('make', { work: { ...steps, image: null } })
    .done();
  expect(fitPlan(plan, laptop).refusals).toEqual([
    expect.stringContaining('allow it with --executor docker,process'),
  ]);
  expect(fitPlan(plan, { ...laptop, process: true }).refusals).toEqual([]);
});

test('without Docker a stage runs on the machine, without its image and limits, and that is said', () => {
  const plan = aPlan().stage('test', { work: steps }).done();
  const fitted = fitPlan(plan, { ...laptop, docker: false, process: true });
  expect(fitted.plan.stages[0]?.work).toMatchObject({ image: null, resources: { cpu: null } });
  expect(fitted.changes).toEqual(['test: runs on this machine, without its image node:20 and its limits']);
});

function begun(plan: Plan) {
  return advance(plan, startState(plan, 0), { kind: 'run-requested', at: 0 });
}
