import { expect, test } from 'vitest';
import { ApiError } from './api-error.ts';
import { askAgain } from './ask-again.ts';

const unreachable = new ApiError(0, { reason: 'server-unreachable', message: '' });
const refused = new ApiError(404, { reason: 'unknown-attempt', message: 'there is none' });

async function asked(...answers: readonly (ApiError | string)[]) {
  const pauses: number[] = [];
  const left = [...answers];
  const answer = askAgain(
    async () => {
      const next = left.shift();
      if (next === undefined || next instanceof ApiError) throw next ?? new Error('asked too often');
      return next;
    },
    async (failures) => void pauses.push(failures),
  );
  return { outcome: await answer.catch((error: unknown) => error), pauses, left };
}

test('what got no answer is asked again, longer after the last time', async () => {
  expect(await asked(unreachable, unreachable, 'lines')).toEqual({
    outcome: 'lines',
    pauses: [1, 2],
    left: [],
  });
});

test('a server that stays away is told of, and what was answered is not asked again', async () => {
  expect(await asked(unreachable, unreachable, unreachable, 'late')).toEqual({
    outcome: unreachable,
    pauses: [1, 2],
    left: ['late'],
  });
  expect(await asked(refused, 'other')).toEqual({ outcome: refused, pauses: [], left: ['other'] });
});
