import { fc, test as propertyTest } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { aPlan } from '../plan/a-plan.ts';
import { advance, startState } from './advance.ts';
import { foreseeFailure } from './foresee-failure.ts';
import { plans, play } from './random-run.fixture.ts';
import type { RunEvent, RunState } from './run-state.ts';
import type { Plan } from '../plan/plan.ts';

propertyTest.prop([plans(), fc.infiniteStream(fc.nat({ max: 9_999 }))])(
  'once a run is said to fail it fails, whatever else happens, and a run that fails was said to',
  (plan, choices) => {
    const { steps } = play(plan, choices, { cancels: true });
    const promised = steps.some(({ state }) => foreseeFailure(plan, state) !== null);
    if (promised) expect(steps.at(-1)?.state.status).toBe('failed');
    const states = steps.map(({ state }) => state);
    for (const [index, state] of states.entries()) {
      const was = index === 0 ? null : foreseeFailure(plan, states[index - 1] ?? state);
      if (was !== null && state.status === 'running') expect(foreseeFailure(plan, state)).toEqual(was);
    }
  },
);

const plan = aPlan().stage('lint', { allowFailure: true }).stage('test').stage('slow').done();

test('a stage that may fail promises nothing, one that may not does, while others still run', () => {
  const failedLint = failedStages(plan, ['lint']);
  expect(foreseeFailure(plan, failedLint)).toBeNull();
  const failedTest = failedStages(plan, ['lint', 'test']);
  expect(failedTest.status).toBe('running');
  expect(foreseeFailure(plan, failedTest)).toEqual({ stage: 'test', message: 'exit 1' });
});

test('a stage that will be tried again promises nothing', () => {
  const retried = aPlan()
    .stage('test', { retry: { attempts: 2, delayMs: 1_000, on: ['failed'] } })
    .stage('slow')
    .done();
  expect(foreseeFailure(retried, failedStages(retried, ['test']))).toBeNull();
});

test('a run that has ended promises nothing: it says how it ended', () => {
  expect(foreseeFailure(plan, failedStages(plan, ['lint', 'test', 'slow']))).toBeNull();
});

/** The state after these stages have failed, in this order. */
function failedStages(of: Plan, failing: readonly string[]): RunState {
  const failure = { class: 'failed', message: 'exit 1', exitCode: 1 } as const;
  const events: readonly RunEvent[] = [
    { kind: 'run-requested', at: 0 },
    ...failing.map((stage, at): RunEvent => ({
      kind: 'stage-finished',
      stage,
      attempt: 1,
      outcome: { result: 'failed', failure },
      at: at + 1,
    })),
  ];
  return events.reduce((state, event) => advance(of, state, event).state, startState(of, 0));
}
