import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { timeLimit } from './time-limit.ts';

setFlagsFromString('--expose-gc');
const collectGarbage: unknown = runInNewContext('gc');

test('a time limit that is only part of another signal still ends it after garbage was collected', async () => {
  const stopping = new AbortController();
  const either = limitedBy(stopping.signal);
  const aborted = once(either, 'abort');
  for (let turn = 0; turn < 3; turn += 1) await collected();
  await aborted;
  expect(either.reason).toMatchObject({ name: 'TimeoutError' });
});

/** In a function of its own, so that nothing here refers to the limit. */
function limitedBy(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, timeLimit(200)]);
}

/** Weak references made in this turn are kept until the next one. */
async function collected(): Promise<void> {
  await new Promise(setImmediate);
  if (typeof collectGarbage !== 'function') throw new Error('garbage cannot be collected on demand here');
  collectGarbage();
}
