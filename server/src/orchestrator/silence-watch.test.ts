import { expect, test } from 'vitest';
import { leaseMs } from './lease.ts';
import { silenceWatch, watchedMs, type EndingLease } from './silence-watch.ts';

const hour = 3_600_000;
const heartbeatMs = 5_000;

/** Looks once a second, at those leases that end soon. */
function watchFor(seconds: number, untilAt: (second: number) => number): number | null {
  const look = silenceWatch();
  for (let second = 0; second <= seconds; second += 1) {
    const now = second * 1_000;
    const lease: EndingLease = { id: 'a', runId: 'r', until: untilAt(second) };
    const ending = lease.until < now + watchedMs ? [lease] : [];
    if (look(ending, now).length > 0) return second;
  }
  return null;
}

test('a worker that falls silent loses its attempt when its lease is over, and no later', () => {
  expect(watchFor(60, () => leaseMs)).toBe(leaseMs / 1_000 + 1);
});

test('a worker that is heard keeps it', () => {
  const heardAt = (second: number): number => Math.floor((second * 1_000) / heartbeatMs) * heartbeatMs;
  expect(watchFor(120, (second) => heardAt(second) + leaseMs)).toBeNull();
});

test('a worker that is heard by a server whose clock is an hour behind keeps it too', () => {
  const heardAt = (second: number): number => Math.floor((second * 1_000) / heartbeatMs) * heartbeatMs;
  expect(watchFor(120, (second) => heardAt(second) + leaseMs - hour)).toBeNull();
});

test('one whose lease was over when it was first seen is given the time of a heartbeat', () => {
  expect(watchFor(60, () => -hour)).toBe(watchedMs / 1_000);
});
