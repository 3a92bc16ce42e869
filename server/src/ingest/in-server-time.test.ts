import { expect, test } from 'vitest';
import { inServerTime } from './in-server-time.ts';

const hour = 3_600_000;
const now = 1_000_000_000_000;
const started = (at: number) => ({ kind: 'step-started', number: 1, step: 0, at }) as const;

test.each([-hour, 0, hour])(
  'what happened 5 s ago did so, when its worker’s clock is %i ms ahead',
  (ahead) => {
    const batch = { fence: 1, records: [started(now + ahead - 5_000)], sentAt: now + ahead };
    expect(inServerTime(batch, now)).toEqual([started(now - 5_000)]);
  },
);

test('nothing happens in the future, also when an earlier worker does not say what its clock shows', () => {
  expect(inServerTime({ fence: 1, records: [started(now + hour)] }, now)).toEqual([started(now)]);
  expect(inServerTime({ fence: 1, records: [started(now - hour)] }, now)).toEqual([started(now - hour)]);
});

test('times of log lines count from the beginning of their attempt and stay as they are', () => {
  const log = { kind: 'log', number: 2, step: 0, firstLine: 0, lines: [[7, 'o', 'hello']] } as const;
  const batch = {
    fence: 1,
    records: [{ ...log, lines: [[7, 'o', 'hello'] as [number, 'o', string]] }],
    sentAt: 5,
  };
  expect(inServerTime(batch, now)).toEqual([log]);
});
