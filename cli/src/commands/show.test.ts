import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import type { RunView } from '@sluice/pipelines/protocol/api';
import { formatRun } from './show.ts';

const at = 1_000_000;
const run: RunView = {
  id: 'r',
  number: 12,
  project: 'default',
  repository: 'acme/shop',
  pipeline: 'shop',
  event: 'push',
  ref: 'main',
  commit: { sha: '0123456789abcdef', message: 'Mend the door\n\nAt last.', author: 'Ada' },
  actor: 'ada',
  status: 'running',
  createdAt: at - 60_000,
  finishedAt: null,
  willFail: null,
  rerunOf: null,
  stages: [
    { id: 'unit', status: 'failed' },
    { id: 'image', status: 'queued' },
  ],
  waits: [{ stage: 'image', why: { kind: 'no-worker', pool: 'arm', lastSeenAt: null } }],
  reruns: [],
  revision: 1,
  plan: null,
  state: {
    status: 'running',
    cancel: null,
    startedAt: at - 55_000,
    finishedAt: null,
    stages: {
      unit: {
        status: 'failed',
        attempt: 1,
        startedAt: at - 50_000,
        finishedAt: at - 20_000,
        failure: { class: 'failed', message: 'exit code 1\nof step 2', exitCode: 1 },
        steps: [],
        allowed: true,
      },
      image: { status: 'queued', attempt: 1, since: at - 20_000, reason: 'waits for a worker' },
    },
  },
  diagnostics: [],
  attempts: [],
  rollouts: [],
  artifacts: [],
};

test('a run shows why each of its stages failed or waits, and behind whom', () => {
  const text = stripVTControlCharacters(formatRun(run, at));
  expect(text.split('\n').map((line) => line.trimEnd())).toEqual([
    '#12  running          acme/shop shop  main  0123456',
    '      Mend the door · push by ada, 1 min ago',
    '',
    '  failed           unit',
    '                   failed: exit code 1',
    '                   of step 2',
    '  queued           image',
    '                   no worker of pool arm has ever been seen: start one with SLUICE_POOL=arm',
  ]);
});
