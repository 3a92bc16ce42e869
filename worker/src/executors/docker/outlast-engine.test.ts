import { expect, test } from 'vitest';
import { isEngineAway, outlastEngine, refuseEngineLeft } from './outlast-engine.ts';

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

test.each(['rpc error: code = Canceled desc = context canceled', 'rpc error: code = Unavailable desc = EOF'])(
  '%j, when nobody cancelled, is the engine ending',
  (error) => {
    const nobody = new AbortController().signal;
    expect(() => refuseEngineLeft(error, nobody)).toThrow('the Docker engine ended');
    expect(() => refuseEngineLeft(error, AbortSignal.abort())).not.toThrow();
  },
);

test('an ordinary failure of a build is left alone', () => {
  const error = 'process "/bin/sh -c make" did not complete successfully: exit code: 2';
  expect(() => refuseEngineLeft(error, new AbortController().signal)).not.toThrow();
});
