import { stripVTControlCharacters } from 'node:util';
import type { ManualStartsView } from '@sluice/pipelines/protocol/api';
import { expect, test } from 'vitest';
import type { ApiClient } from '../api-client.ts';
import { showRunInputs } from './run-inputs.ts';

const view: ManualStartsView = {
  commit: { sha: 'a'.repeat(40), message: 'm', author: 'Ada' },
  environments: ['production', 'staging'],
  pipelines: [
    {
      kind: 'startable',
      file: '.sluice.yml',
      pipeline: 'ci',
      inputs: [
        {
          name: 'level',
          type: 'choice',
          options: ['debug', 'info'],
          default: 'info',
          description: 'how much is logged',
          isRequired: false,
        },
        { name: 'rounds', type: 'number', default: null, isRequired: true },
        { name: 'to', type: 'environment', default: null, isRequired: true },
      ],
    },
    { kind: 'startable', file: '.sluice/nightly.yml', pipeline: 'nightly', inputs: [] },
    { kind: 'not-by-hand', file: '.sluice/release.yml', pipeline: 'release' },
  ],
};

test('what can be started by hand is listed, with the type, the choices and the default of each input', async () => {
  const calls: string[] = [];
  const said = await showRunInputs(server(calls), { branch: 'next/2', json: false });
  expect(stripVTControlCharacters(said).split('\n')).toEqual([
    'ci .sluice.yml',
    '  level   one of debug, info                   default "info"  how much is logged',
    '  rounds  a number                             must be given',
    '  to      an environment: production, staging  must be given',
    'nightly .sluice/nightly.yml  asks for nothing',
    'release .sluice/release.yml  is not started by hand: there is no manual below its on',
  ]);
  expect(calls[1]).toBe('GET /api/manual-starts?repository=acme%2Fshop&branch=next%2F2');
});

test('as JSON it is the server’s answer', async () => {
  expect(JSON.parse(await showRunInputs(server([]), { json: true }))).toEqual(view);
});

function server(calls: string[]): ApiClient {
  const call = (method: string, path: string) => {
    calls.push(`${method} ${path}`);
    return Promise.resolve(
      path === '/api/repositories'
        ? { repositories: [{ fullName: 'acme/shop', defaultBranch: 'main' }] }
        : view,
    );
  };
  return { call } as unknown as ApiClient;
}
