import { expect, test } from 'vitest';
import { keepLeases } from './keep-leases.ts';
import type { DoorRequest } from './server-client/http-door.ts';

test('a process that has just begun asks for what its worker holds, and asks again while the server is away', async () => {
  const asked: DoorRequest[] = [];
  const call = (request: DoorRequest): Promise<unknown> => {
    asked.push(request);
    return asked.length === 1
      ? Promise.reject(new Error('away'))
      : new Promise((_resolve, reject) => request.signal?.addEventListener('abort', reject));
  };
  const stop = keepLeases({ call }, 'w-1');
  expect(asked.map(({ path, body }) => [path, body])).toEqual([['/worker/held', `{"workerId":"w-1"}`]]);
  await expect.poll(() => asked.length).toBe(2);
  expect(asked[1]?.signal?.aborted).toBe(false);
  stop();
  expect(asked[1]?.signal?.aborted).toBe(true);
  expect(asked).toHaveLength(2);
});
