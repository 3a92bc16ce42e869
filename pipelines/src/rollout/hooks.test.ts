import { expect, test } from 'vitest';
import type { DeployWork, Hook, HookType } from '../language/definition.ts';
import { aRollout, type RolloutRig } from './rollout-rig.ts';

const minute = 60_000;

const aHook = (type: HookType, changes: Partial<Hook> = {}): Hook => ({
  name: type,
  type,
  url: 'https://gate.example.com/ok',
  timeoutMs: 10_000,
  retries: 0,
  metadata: {},
  ...changes,
});

const canary = (...hooks: readonly Hook[]): Partial<DeployWork> => ({
  hooks,
  bakeMs: 0,
  steps: [
    { kind: 'set-weight', percent: 10 },
    { kind: 'analysis', forMs: 5 * minute },
  ],
});

const kinds = ({ actions }: RolloutRig): readonly string[] =>
  actions
    .map((what) => (what.kind === 'call-hook' ? what.hook : what.kind))
    .filter((kind) => kind !== 'observe' && kind !== 'inspect');

const inOrder = (rig: RolloutRig): readonly string[] =>
  kinds(rig).filter((kind, index, all) => kind !== all[index - 1]);

test('each hook is asked at its time, and the rollout goes on when all agree', () => {
  const hooks = (
    ['post-rollout', 'confirm-promotion', 'rollout', 'pre-rollout', 'confirm-rollout'] as const
  ).map((type) => aHook(type));
  const rig = aRollout(canary(...hooks)).finish();
  expect(inOrder(rig)).toEqual([
    'confirm-rollout',
    'deploy',
    'pre-rollout',
    'set-weight',
    'rollout',
    'confirm-promotion',
    'promote',
    'retire-old',
    'post-rollout',
  ]);
  expect(rig.outcome).toMatchObject({ result: 'succeeded' });
});

test('two hooks of one type are both asked', () => {
  const rig = aRollout(
    canary(aHook('pre-rollout', { name: 'smoke' }), aHook('pre-rollout', { name: 'contract' })),
  );
  rig.finish();
  expect(inOrder(rig).slice(0, 4)).toEqual(['deploy', 'smoke', 'contract', 'set-weight']);
});

test('confirm-rollout is waited for before anything is deployed, and nothing is when it never agrees', () => {
  const late = aRollout(canary(aHook('confirm-rollout')), { agrees: (_, at) => at > 10 * minute });
  late.until('deploying');
  expect(late.now).toBeGreaterThan(10 * minute);
  const never = aRollout(canary(aHook('confirm-rollout')), { agrees: () => false }).finish();
  expect(never.rollout.phase).toMatchObject({
    name: 'refused',
    reason: expect.stringMatching(/"confirm-rollout" \(confirm-rollout\) had not agreed after 2 hours/),
  });
  expect(kinds(never)).not.toContain('deploy');
});

test('pre-rollout that refuses rolls back before any traffic, after its retries', () => {
  const rig = aRollout(canary(aHook('pre-rollout', { retries: 2 })), { agrees: () => false }).finish();
  expect(kinds(rig)).toEqual(['deploy', 'pre-rollout', 'pre-rollout', 'pre-rollout', 'roll-back']);
  expect(rig.outcome).toMatchObject({
    failure: {
      message: expect.stringContaining('the hook "pre-rollout" (pre-rollout) refuses: answered 500: no'),
    },
  });
});

test('rollout that refuses more often in a row than let pass rolls back', () => {
  let asked = 0;
  const world = { agrees: () => ++asked % 3 !== 0, canaryBadRate: 0, requestsPerSecond: 1 };
  const patient = aRollout(canary(aHook('rollout', { retries: 1 })), world);
  patient.until('held');
  expect(patient.lines.join('\n')).toContain('let pass');
  const strict = aRollout(canary(aHook('rollout', { retries: 1 })), { agrees: () => false }).finish();
  expect(strict.rollout.phase).toMatchObject({ name: 'rolled-back' });
  expect(kinds(strict)).toEqual(['deploy', 'set-weight', 'rollout', 'rollout', 'roll-back']);
});

test('rollback rolls back when it agrees', () => {
  const rig = aRollout(canary(aHook('rollback')), { agrees: (_, at) => at > 20_000 }).finish();
  expect(rig.rollout.phase).toMatchObject({
    name: 'rolled-back',
    reason: 'the hook "rollback" (rollback) asks for it: answered 200',
  });
});

test('while confirm-promotion is waited for, a version that becomes bad goes back', () => {
  const rig = aRollout(canary(aHook('confirm-promotion')), { agrees: () => false });
  rig.until('asking-hooks');
  const calm = rig.now;
  while (rig.now < calm + 5 * minute) rig.step();
  expect(rig.rollout.phase.name).toBe('asking-hooks');
  expect(rig.actions.filter(({ kind }) => kind === 'observe').length).toBeGreaterThan(20);
  rig.fold({ kind: 'abort-requested', by: 'ann', reason: 'no', cancelled: false, at: rig.now });
  rig.finish();
  expect(rig.rollout.phase.name).toBe('rolled-back');
});

test('post-rollout is told of a roll-back too, and its answer changes nothing', () => {
  const rig = aRollout(canary(aHook('post-rollout')), {
    problem: 'CrashLoopBackOff',
    agrees: () => false,
  }).finish();
  expect(kinds(rig)).toEqual(['deploy', 'roll-back', 'post-rollout']);
  expect(rig.rollout.phase).toMatchObject({
    name: 'rolled-back',
    reason: expect.stringContaining('CrashLoop'),
  });
});
