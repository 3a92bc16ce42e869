import { expect, test } from 'vitest';
import { stripVTControlCharacters } from 'node:util';
import { ApiError, type ApiClient } from '../api-client.ts';
import { startRun } from './start.ts';

const shop = { fullName: 'acme/shop', defaultBranch: 'trunk' };
const site = { fullName: 'acme/site', defaultBranch: 'main' };

test('a run of the only repository is started on its default branch, with its inputs', async () => {
  const { api, calls } = server([shop]);
  const said = await startRun(api, { inputs: { level: 'debug' } });
  expect(stripVTControlCharacters(said)).toBe('started run #7 of acme/shop on trunk r-1\n');
  expect(calls[1]).toEqual([
    'POST',
    '/api/runs',
    { repository: 'acme/shop', branch: 'trunk', inputs: { level: 'debug' } },
  ]);
});

test('among several repositories, one must be named, and named right', async () => {
  const { api } = server([shop, site]);
  await expect(startRun(api, { inputs: {} })).rejects.toThrow('by --repository: it has acme/shop, acme/site');
  await expect(startRun(api, { repository: 'acme/shp', inputs: {} })).rejects.toThrow(
    'there is no repository "acme/shp" on this server: it has acme/shop, acme/site',
  );
  expect(await startRun(api, { repository: 'Acme/Site', commit: 'abc1234', inputs: {} })).toContain('run #7');
});

test('inputs that are refused are told one by one, with what they may be', async () => {
  const inputs = [
    { input: 'lvel', reason: 'unknown', message: 'there is no input "lvel". Did you mean "level"?' },
    {
      input: 'rounds',
      reason: 'missing',
      message: 'input "rounds" (a number) is missing and has no default',
    },
  ] as const;
  const { api } = server([shop], new ApiError('not started', 'inputs-refused', 422, { inputs }));
  await expect(startRun(api, { inputs: { lvel: 'debug' } })).rejects.toThrow(
    'nothing was started:\n' +
      '  there is no input "lvel". Did you mean "level"?\n' +
      '  input "rounds" (a number) is missing and has no default\n' +
      '`sluice runs inputs` shows what each pipeline asks for.',
  );
});

function server(repositories: readonly (typeof shop)[], refusal: ApiError | null = null) {
  const calls: unknown[][] = [];
  const answers: Readonly<Record<string, unknown>> = {
    'GET /api/repositories': { repositories },
    'POST /api/runs': { runId: 'r-1' },
    'GET /api/runs/r-1': { number: 7, repository: 'acme/shop', ref: 'trunk' },
  };
  const call = (method: string, path: string, body?: unknown) => {
    calls.push([method, path, body]);
    if (path === '/api/runs' && refusal !== null) return Promise.reject(refusal);
    return Promise.resolve(answers[`${method} ${path}`]);
  };
  return { api: { call } as unknown as ApiClient, calls };
}
