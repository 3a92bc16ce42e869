import { expect, test } from 'vitest';
import { ConfigError, readWorkerConfig } from './config.ts';

const needed = {
  SLUICE_SERVER_URL: 'http://127.0.0.1:8080',
  SLUICE_WORKER_TOKEN: 't',
  REDIS_URL: 'redis://127.0.0.1:6379',
};

test('the address of the server, its token and Redis are enough', () => {
  expect(readWorkerConfig({ ...needed, SLUICE_DATA: '/data', SLUICE_POOL: '' })).toMatchObject({
    serverUrl: 'http://127.0.0.1:8080',
    dockerHost: 'unix:///var/run/docker.sock',
    folder: '/data/worker',
    pool: 'default',
    allowsProcessExecutor: false,
    queuePrefix: 'bull',
    drainMs: 30_000,
  });
});

test('there are at least four slots, or as many as asked for', () => {
  expect(readWorkerConfig(needed).slots).toBeGreaterThanOrEqual(4);
  expect(readWorkerConfig({ ...needed, SLUICE_WORKER_SLOTS: '1' }).slots).toBe(1);
});

test('every variable that is missing or wrong is named with what to do', () => {
  const read = () =>
    readWorkerConfig({
      REDIS_URL: 'localhost',
      SLUICE_WORKER_SLOTS: 'many',
      SLUICE_ALLOW_PROCESS_EXECUTOR: 'yes',
    });
  expect(read).toThrow(ConfigError);
  expect(read).toThrow(/SLUICE_SERVER_URL: is missing: give the address/);
  expect(read).toThrow(/SLUICE_WORKER_TOKEN: is missing: give the token/);
  expect(read).toThrow(/REDIS_URL: must be an address such as redis:/);
  expect(read).toThrow(/SLUICE_WORKER_SLOTS: must be a number/);
  expect(read).toThrow(/SLUICE_ALLOW_PROCESS_EXECUTOR: must be 0 or 1/);
});
