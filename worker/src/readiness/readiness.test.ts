import { pino } from 'pino';
import { expect, test } from 'vitest';
import { createReadiness } from './readiness.ts';

test('what stands in the way is told once, however often it is met', () => {
  const told: string[] = [];
  const log = pino({ base: null }, { write: (line: string) => void told.push(line) });
  const readiness = createReadiness(log);
  let changes = 0;
  readiness.onChange(() => (changes += 1));
  for (let met = 0; met < 1_000; met += 1) readiness.note('token', 'it was refused');
  expect([...readiness.reasons()]).toEqual([['token', 'it was refused']]);
  for (let met = 0; met < 1_000; met += 1) readiness.note('token', null);
  expect(readiness.reasons().size).toBe(0);
  expect(changes).toBe(2);
  expect(told).toHaveLength(2);
  expect(told[0]).toContain('taking no more work: it was refused');
});
