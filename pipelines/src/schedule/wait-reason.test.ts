import { expect, test } from 'vitest';
import { placeInLine } from './place-in-line.ts';
import { explainWait } from './wait-reason.ts';

const share = { project: 'a', weight: 1, inUse: 0, roomInQuota: null, startTag: 0, grants: 0 };
const ref = (number: number, stage: string | null = null) => ({ runId: `r${number}`, number, stage });

test('a reason names behind whom something waits', () => {
  const texts = [
    explainWait({ kind: 'turn', group: 'deploy-main', before: [ref(41)], count: 1 }, 0),
    explainWait({ kind: 'turn', group: 'g', before: [ref(1, 'deploy'), ref(2, 'deploy')], count: 5 }, 0),
    explainWait({ kind: 'quota', project: 'shop', running: 8, limit: 8, before: 3 }, 0),
    explainWait({ kind: 'no-worker', pool: 'gpu', lastSeenAt: 0 }, 300_000),
    explainWait({ kind: 'line', pool: 'default', before: 12, next: [ref(7, 'test')], inUse: 4, slots: 4 }, 0),
  ];
  expect(texts).toEqual([
    'waits for run #41 of the same concurrency group "deploy-main"',
    'waits for deploy of run #1, deploy of run #2 and 3 more of the same concurrency group "g"',
    'project shop runs 8 of its 8 stages; 3 stages of shop are before it',
    'no worker of pool gpu has been seen for 5 min',
    'about 12 stages are before it in pool default, where 4 of 4 slots are taken: next is test of run #7',
  ]);
});

test('a long line of another project counts only as far as its share goes', () => {
  expect(placeInLine(2, share, [{ ...share, project: 'b', waiting: 1_000 }])).toBe(4);
  expect(placeInLine(2, share, [{ ...share, project: 'b', weight: 3, waiting: 1_000 }])).toBe(8);
  expect(placeInLine(0, share, [{ ...share, project: 'b', inUse: 5, waiting: 9 }])).toBe(0);
});
