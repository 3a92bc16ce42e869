import { expect, test } from 'vitest';
import { ApiError, type ApiClient } from '../api-client.ts';
import { findSoon } from './find-run.ts';

/** A server that knows no run before it was asked `times` times. */
function serverAfter(times: number): ApiClient & { asked: number } {
  const api = {
    url: '',
    token: '',
    asked: 0,
    call: <T>(_method: string, path: string): Promise<T> => {
      if (path.startsWith('/api/runs?')) api.asked += 1;
      const runs = api.asked > times ? [{ id: 'r', number: 1 }] : [];
      const answer: unknown = path.startsWith('/api/runs?') ? { runs } : { id: 'r', number: 1 };
      return Promise.resolve(JSON.parse(JSON.stringify(answer)));
    },
  };
  return api;
}

test('who follows a run right after the push waits until it is there', async () => {
  const api = serverAfter(3);
  expect((await findSoon(api, '1', 0)).id).toBe('r');
  expect(api.asked).toBe(4);
});

test('a run that does not come is said not to be there', async () => {
  await expect(findSoon(serverAfter(1_000), '1', 0)).rejects.toBeInstanceOf(ApiError);
});
