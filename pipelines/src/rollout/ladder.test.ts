import { expect, test } from 'vitest';
import type { DeployWork } from '../language/definition.ts';
import { ladderOf, rungInWords } from './ladder.ts';
import { aRollout, type RolloutRig } from './rollout-rig.ts';

const minute = 60_000;
const shown = ({ rollout }: RolloutRig): readonly string[] =>
  ladderOf(rollout).map((rung) => `${rung.standing}: ${rungInWords(rung)}`);

const recreate: Partial<DeployWork> = { strategy: 'recreate', steps: [], bakeMs: 0 };
const shadow: Partial<DeployWork> = {
  strategy: 'shadow',
  afterwards: 'end',
  steps: [
    { kind: 'set-mirror', percent: 20 },
    { kind: 'analysis', forMs: 10 * minute, whole: true },
  ],
};

test('recreate begins with the end of the old version', () => {
  const rig = aRollout(recreate, { stopMs: 3_000 });
  rig.until('stopping');
  expect(shown(rig)).toEqual([
    'now: stop the old version',
    'next: all traffic to the new version',
    'later: remove the old version',
  ]);
  rig.until('deploying');
  expect(shown(rig).slice(0, 2)).toEqual([
    'done: stop the old version',
    'next: all traffic to the new version',
  ]);
});

test('a shadow that ends is done when the new version is removed', () => {
  const rig = aRollout(shadow);
  rig.until('analysing');
  expect(shown(rig)).toEqual([
    'done: copies of 20 % of the requests',
    'now: analysis for 10 minutes',
    'next: remove the new version, as planned',
  ]);
  rig.finish();
  expect(shown(rig).map((line) => line.split(':')[0])).toEqual(['done', 'done', 'done']);
});

test('hooks are asked between the rungs', () => {
  const hook = { name: 'gate', url: 'https://x.example', timeoutMs: 1, retries: 0, metadata: {} };
  const steps = [
    { kind: 'set-route', match: [{ kind: 'cookie', name: 'group', value: 'b' }] },
    { kind: 'pause', forMs: null },
  ] as const;
  const rig = aRollout(
    { strategy: 'ab', steps, hooks: [{ ...hook, type: 'pre-rollout' }], bakeMs: 0 },
    { agrees: () => false },
  );
  rig.until('asking-hooks');
  expect(shown(rig)).toEqual([
    'next: requests with the cookie group=b',
    'later: pause until resumed',
    'later: all traffic to the new version',
    'later: remove the old version',
  ]);
});
