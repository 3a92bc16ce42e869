import { expect, test } from 'vitest';
import type { ApiClient } from '../api-client.ts';
import { steer } from './rollouts.ts';

interface Sent {
  readonly path: string;
  readonly body: unknown;
}

const why = { reason: 'the night shift is small' };

function aServer(rollouts: readonly object[], sent: Sent[] = []): ApiClient {
  const clusters = [
    { name: 'eu', rolloutId: 'roll-eu' },
    { name: 'us', rolloutId: null },
  ];
  const answers: Readonly<Record<string, unknown>> = {
    '/api/rollouts/roll': { clusters },
  };
  const call = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    if (method === 'POST') sent.push({ path, body });
    return answers[path] ?? { id: 'run', number: 7, rollouts, runs: [{ id: 'run', number: 7 }] };
  };
  return { call } as unknown as ApiClient;
}

const shop = { id: 'roll', stage: 'shop', phase: 'analysing' };
const over = { id: 'before', stage: 'shop', phase: 'rolled-back' };
const blog = { id: 'other', stage: 'blog', phase: 'paused' };

test('the rollout of a run is held, and one that is over is not meant', async () => {
  const sent: Sent[] = [];
  expect(await steer(aServer([over, shop], sent), 'hold', '7', why)).toBe(
    'shop of run #7 waits before it gets anything more',
  );
  expect(sent).toEqual([{ path: '/api/rollouts/roll/hold', body: why }]);
});

test('of several rollouts one has to be named, and one cluster of a rollout may be', async () => {
  const sent: Sent[] = [];
  const server = aServer([shop, blog], sent);
  await expect(steer(server, 'promote', '7', why)).rejects.toThrow('say which with --stage (shop, blog)');
  await steer(server, 'promote', '7', { ...why, stage: 'blog' });
  await steer(server, 'promote', '7', { ...why, stage: 'shop', cluster: 'eu' });
  expect(sent.map(({ path }) => path)).toEqual([
    '/api/rollouts/other/promote',
    '/api/rollouts/roll-eu/promote',
  ]);
});

test('what is not there is named, and nothing is sent', async () => {
  const sent: Sent[] = [];
  await expect(steer(aServer([over], sent), 'abort', '7', why)).rejects.toThrow(
    'run #7 is not rolling anything out now',
  );
  const server = aServer([shop], sent);
  await expect(steer(server, 'hold', '7', { ...why, cluster: 'us' })).rejects.toThrow(
    'not come to cluster "us"',
  );
  await expect(steer(server, 'hold', '7', { ...why, cluster: 'uk' })).rejects.toThrow('no cluster "uk"');
  expect(sent).toEqual([]);
});
