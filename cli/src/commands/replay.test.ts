import { expect, test } from 'vitest';
import type { ReplayView } from '@sluice/pipelines/protocol/api';
import type { Decision } from '@sluice/pipelines/rollout/rollout-state';
import { formatReplay } from './replay.ts';

const decision = (kind: Decision['kind'], reason: string): Decision => ({
  at: 0,
  step: 1,
  kind,
  by: 'judge',
  reason,
  verdict: null,
  judge: 'gate/2',
});
const passed = decision('continue', 'fine');
const same: ReplayView = {
  rolloutId: 'x',
  version: 'r13',
  isSame: true,
  brokenChainAt: null,
  judges: { recorded: ['gate/2'], replayed: 'gate/2' },
  decisions: [{ recorded: passed, replayed: passed, isSame: true, differences: [] }],
  changes: [],
  notes: [],
  ends: { recorded: 'succeeded', replayed: 'succeeded' },
  parted: null,
};
// oxlint-disable-next-line no-control-regex
const plain = (text: string): string => text.replace(/\u001b\[\d+m/g, '');

test('the same decisions are said to be the same', () => {
  expect(plain(formatReplay(same, false)).split('\n')).toEqual([
    '  1 = 1970-01-01 00:00:00 continue: fine',
    'same 1 decisions, byte for byte (succeeded)',
    'the chain of hashes is whole',
  ]);
});

test('other settings show both decisions, what differs, and how far the evidence goes', () => {
  const view: ReplayView = {
    ...same,
    isSame: false,
    changes: ['confidence: 0.95 → 0.8'],
    decisions: [
      {
        recorded: passed,
        replayed: decision('roll-back', 'worse'),
        isSame: false,
        differences: ['kind: "continue" → "roll-back"'],
      },
    ],
    ends: { recorded: 'succeeded', replayed: 'rolling-back' },
    parted: { at: 0, reason: 'the evidence goes on with an answer to observe' },
  };
  expect(plain(formatReplay(view, true)).split('\n')).toEqual([
    'with confidence: 0.95 → 0.8',
    '  1 - 1970-01-01 00:00:00 continue: fine',
    '  1 + 1970-01-01 00:00:00 roll-back: worse',
    '      kind: "continue" → "roll-back"',
    'different succeeded → rolling-back',
    'up to 1970-01-01 00:00:00: the evidence goes on with an answer to observe',
    'the chain of hashes is whole',
  ]);
});

test('a decision that was changed afterwards, and another judge, are named', () => {
  const judges = { recorded: ['count-gate/1'], replayed: 'gate/2' };
  const text = plain(formatReplay({ ...same, isSame: false, brokenChainAt: 1, judges }, false));
  expect(text).toContain('recorded by the judge count-gate/1, this is gate/2');
  expect(text).toContain('broken at decision 1');
});
