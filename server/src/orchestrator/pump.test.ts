import { pino } from 'pino';
import { expect, test } from 'vitest';
import { startPump } from './pump.ts';

const log = pino({ level: 'silent' });

/** Work that the test lets end. */
function drivenWork() {
  const started: (() => void)[] = [];
  let count = 0;
  return {
    work: () =>
      new Promise<number>((resolve) => {
        count++;
        started.push(() => resolve(3_600_000));
      }),
    finishOne: async () => {
      started.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    },
    count: () => count,
  };
}

test('works once more after the work under way when it was woken meanwhile, not twice at a time', async () => {
  const driven = drivenWork();
  const pump = startPump({ name: 'test', log, work: driven.work });
  pump.wake();
  pump.wake();
  expect(driven.count()).toBe(1);
  await driven.finishOne();
  expect(driven.count()).toBe(2);
  await driven.finishOne();
  expect(driven.count()).toBe(2);
  await pump.close();
});

test('closes only after the work under way', async () => {
  const driven = drivenWork();
  const pump = startPump({ name: 'test', log, work: driven.work });
  let isClosed = false;
  const closing = pump.close().then(() => (isClosed = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect(isClosed).toBe(false);
  await driven.finishOne();
  await closing;
  expect(driven.count()).toBe(1);
});

test('tries again after work that rejects', async () => {
  let tries = 0;
  let succeeded: () => void = () => undefined;
  const success = new Promise<void>((resolve) => (succeeded = resolve));
  const pump = startPump({
    name: 'test',
    log,
    work() {
      tries++;
      if (tries < 3) return Promise.reject(new Error('away'));
      succeeded();
      return Promise.resolve(3_600_000);
    },
  });
  await success;
  expect(tries).toBe(3);
  await pump.close();
});
