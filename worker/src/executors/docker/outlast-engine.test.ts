import { expect, test } from 'vitest';
import { isEngineAway, outlastEngine } from './outlast-engine.ts';

const refused = Object.assign(new Error('connect ECONNREFUSED'), {
  code: 'ECONNREFUSED',
  syscall: 'connect',
});
const noSocket = Object.assign(new Error('connect ENOENT'), { code: 'ENOENT', syscall: 'connect' });
const noSuchFile = Object.assign(new Error('open ENOENT'), { code: 'ENOENT', syscall: 'open' });
const conflict = Object.assign(new Error('name taken'), { statusCode: 409 });

test('work is done again while the engine cannot be reached', async () => {
  const failures = [refused, noSocket];
  const done = outlastEngine(async () => {
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
    return 'done';
  });
  expect(await done).toBe('done');
});

test('what the engine refuses is not tried again', async () => {
  let tries = 0;
  const done = outlastEngine(async () => {
    tries += 1;
    throw conflict;
  });
  await expect(done).rejects.toBe(conflict);
  expect(tries).toBe(1);
});

test('a missing socket is an engine that is away, a missing file is not', () => {
  expect([noSocket, noSuchFile].map(isEngineAway)).toEqual([true, false]);
});
