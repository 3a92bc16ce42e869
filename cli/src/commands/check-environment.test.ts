import type { DriftView, EnvironmentCheckView, PlaceCheckView } from '@sluice/pipelines/protocol/api';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import type { ApiClient } from '../api-client.ts';
import { checkEnvironment } from './check-environment.ts';

const minute = 60_000;
const fine: DriftView = {
  lookedAt: 1,
  triedAt: 1,
  problem: null,
  since: null,
  differences: [],
  runs: { version: 'r7-1a2b3c4', image: 'shop@sha256:7', replicas: 2 },
  missingRights: [],
  isAwaited: false,
};
const awaited = { ...fine, isAwaited: true };
const place = (cluster: string | null, look: DriftView | null, current: string | null = 'r7-1a2b3c4') =>
  ({ cluster, kind: 'kubernetes', current, look }) as const;

interface World {
  /** What each question finds; the last one from then on. */
  readonly looks: readonly (readonly PlaceCheckView[])[];
  readonly activeRollout?: string;
  readonly workers?: readonly object[];
}

/** Each pause is a minute. */
async function checked({ looks, activeRollout = '', workers = [] }: World, cluster: string | null = null) {
  const [sent, progress]: [unknown[], string[]] = [[], []];
  let [asked, now] = [0, 0];
  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    if (method === 'POST') sent.push({ path, body });
    const places = looks[Math.min(asked, looks.length - 1)] ?? [];
    if (method === 'GET' && path.endsWith('/check')) asked += 1;
    const view: EnvironmentCheckView = { places, activeRollout: activeRollout || null };
    return JSON.parse(JSON.stringify(path.endsWith('/workers') ? { workers } : view));
  };
  const api: ApiClient = { url: '', token: '', call };
  const result = await checkEnvironment(api, 'production', cluster, {
    pause: async () => void (now += minute),
    now: () => now,
    progress: (line) => void progress.push(line),
    patienceMs: 2 * minute,
  });
  const lines = stripVTControlCharacters(result.text).split('\n');
  return { outcome: result.outcome, lines, sent, progress, asked };
}

test('it waits until all places were looked at, and says how far it is', async () => {
  const all = [place('a', fine), place('b', fine)];
  const half = [place('a', fine), place('b', awaited)];
  const { outcome, lines, progress, sent } = await checked({ looks: [half, half, all] });
  expect(sent).toEqual([{ path: '/api/environments/production/check', body: { cluster: null } }]);
  expect(progress).toEqual(['looked at 1 of 2', 'looked at 2 of 2']);
  expect(outcome).toBe('good');
  expect(lines).toEqual([
    '✓ a  reachable; runs r7-1a2b3c4 as it was released; its credentials have the rights that its release needs',
    '✓ b  reachable; runs r7-1a2b3c4 as it was released; its credentials have the rights that its release needs',
  ]);
});

test('what is wrong is said of each place, with the rules to add', async () => {
  const missingRights = [{ apiGroup: '', resource: 'pods', name: null, verbs: ['list'] }];
  const differences = [{ what: 'replicas', expected: '3', found: '1', by: 'kubectl' } as const];
  const { outcome, lines } = await checked({
    looks: [
      [
        place('a', { ...fine, since: 1, differences, missingRights }),
        place('b', { ...fine, problem: 'The deploy target does not answer.', missingRights: null }),
      ],
    ],
  });
  expect(outcome).toBe('wrong');
  expect(lines).toEqual([
    '✗ a  reachable; not as it was released: replicas is 1 instead of 3, changed by kubectl; its credentials may not list pods. Add to their Role:',
    "    - { apiGroups: [''], resources: [pods], verbs: [list] }",
    '✗ b  The deploy target does not answer.',
  ]);
});

test('before the first release a namespace is reachable or not, and a Docker host is not looked at', async () => {
  const { outcome, lines } = await checked({
    looks: [[place('a', { ...fine, runs: null }, null), { ...place('b', null, null), kind: 'docker' }]],
  });
  expect(outcome).toBe('good');
  expect(lines[0]).toMatch(
    /^✓ a {2}reachable; nothing was released there yet; .* rights that every rollout needs/,
  );
  expect(lines[1]).toMatch(/^· b {2}nothing was released there yet: a Docker host/);
});

test('when nobody looks for a while it ends with the reason, and knows nothing good', async () => {
  const looks = [[place('a', fine), place('b', awaited)]];
  const silent = await checked({ looks });
  expect(silent.outcome).toBe('unseen');
  expect(silent.lines[1]).toContain('? b  not looked at: no worker of the pool "default" was heard of');
  const busy = await checked({ looks, workers: [{ pool: 'default', lastSeenAt: 3 * minute }] });
  expect(busy.lines[1]).toContain('none of 1 workers of the pool "default" has looked within 2 minutes');
  const rolling = await checked({ looks, activeRollout: 'r' });
  expect(rolling.lines[1]).toContain('a rollout is under way');
});

test('as long as places are looked at it waits, also longer than its patience', async () => {
  const left = (count: number) =>
    ['a', 'b', 'c'].map((name, index) => place(name, index < count ? awaited : fine));
  const slow = [3, 3, 2, 2, 1, 1, 0].map(left);
  expect((await checked({ looks: slow })).outcome).toBe('good');
});

test('with one cluster only that one is asked for and waited for', async () => {
  const looks = [[place('a', fine), place('b', awaited)]];
  const { outcome, lines, sent } = await checked({ looks }, 'a');
  expect(sent).toMatchObject([{ body: { cluster: 'a' } }]);
  expect([outcome, lines.length]).toEqual(['good', 1]);
});
