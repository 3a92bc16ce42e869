import path from 'node:path';
import { expect, test } from 'vitest';
import { readConfig } from './config.ts';

test('an empty environment gives the documented defaults', () => {
  expect(readConfig({ DATABASE_URL: '' })).toMatchObject({
    databaseUrl: null,
    redisUrl: null,
    dataDir: path.resolve('.sluice-data'),
    host: '127.0.0.1',
    port: 8080,
    masterKey: null,
    fileRepositories: [],
    privateHosts: [],
  });
});

test('lists are split, and 1 allows every private host', () => {
  const environment = { SLUICE_FILE_REPOSITORIES: '/a:/b', SLUICE_ALLOW_PRIVATE_HOSTS: 'git.lan, gitea.lan' };
  expect(readConfig(environment)).toMatchObject({
    fileRepositories: ['/a', '/b'],
    privateHosts: ['git.lan', 'gitea.lan'],
  });
  expect(readConfig({ SLUICE_ALLOW_PRIVATE_HOSTS: '1' }).privateHosts).toEqual(['*']);
});

test('everything that is wrong is named at once, and no secret is repeated', () => {
  const environment = {
    SLUICE_MASTER_KEY: 'c2hvcnQ=',
    SLUICE_PORT: '80a',
    DATABASE_URL: 'mysql://root:hunter2@db/x',
    SLUICE_WORKER_TOKEN: 'short',
  };
  const message = messageOf(() => readConfig(environment));
  for (const name of Object.keys(environment)) expect(message).toContain(name);
  expect(message).toContain('openssl rand -base64 32');
  for (const secret of ['hunter2', 'c2hvcnQ', 'short']) expect(message).not.toContain(secret);
});

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return String(error);
  }
  throw new Error('it was accepted');
}
