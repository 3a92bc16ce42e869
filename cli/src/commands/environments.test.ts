import { freezeRules } from '@sluice/pipelines/freeze/freeze-rules';
import { freezeAt, nextFreeze } from '@sluice/pipelines/freeze/freeze-at';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import type { ApiClient } from '../api-client.ts';
import { breakGlass, freezeEnvironment, listEnvironments, listReleases } from './environments.ts';

const friday = Date.parse('2026-11-20T12:00:00Z');
const file = `
windows:
  - { name: weekend, kind: deny, cron: 0 18 * * FRI, duration: 62h, timezone: Asia/Shanghai, reason: nobody is there }
`;

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

const release = {
  id: '1',
  version: 'r7-1a2b3c4',
  image: 'registry.example.com/shop@sha256:7',
  runId: 'run',
  rolloutId: 'roll',
  commit: '1a2b3c4d5e6f',
  by: 'Mei Lin',
  at: friday - 60_000,
  outcome: 'succeeded',
  reason: null,
};
const releases = [
  { ...release, version: 'r8-9f8e7d6', outcome: 'rolled-back', reason: '5 % errors' },
  release,
  { ...release, version: 'r6-0000000', rolloutId: undefined },
];

/** Answers as the server does. */
function aServer(sent: Sent[] = []): ApiClient {
  let rules = freezeRules.parse({ windows: [] });
  const freeze = () => ({ rules, now: freezeAt(rules, friday), next: nextFreeze(rules, friday) });
  const answer = (method: string, path: string, body: unknown): unknown => {
    if (method === 'PUT') rules = freezeRules.parse(body);
    if (path.endsWith('/freeze')) return freeze();
    if (path.includes('/releases')) return { releases };
    if (path.startsWith('/api/runs')) {
      if (path.includes('?')) return { runs: [{ id: 'run', number: 7 }] };
      return { id: 'run', number: 7, rollouts: [{ id: 'roll', stage: 'deploy', phase: 'frozen' }] };
    }
    const environment = { name: 'shop', current: null, history: [], activeRollout: null, freeze: freeze() };
    return { environments: [environment] };
  };
  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    sent.push({ method, path, body });
    return JSON.parse(JSON.stringify(answer(method, path, body)));
  };
  return { url: 'http://server', token: 't', call };
}

test('windows come from a file, and are shown with what they do now and next', async () => {
  const server = aServer();
  expect(await freezeEnvironment(server, 'shop', null, friday)).toBe('no freeze windows: it is never frozen');
  const saved = stripVTControlCharacters(await freezeEnvironment(server, 'shop', file, friday));
  expect(saved.split('\n')).toEqual([
    'deny  weekend: 0 18 * * FRI (Asia/Shanghai) for 62 hours: nobody is there',
    'a rollout that would begin in a freeze waits; administrators may break the glass',
    expect.stringMatching(/^frozen until 2026-11-23 08:00 \(Asia\/Shanghai\), .* from now: window "weekend"/),
    'next freeze 2026-11-27 18:00 (Asia/Shanghai): window "weekend", nobody is there',
  ]);
  const listed = stripVTControlCharacters(await listEnvironments(server, { json: false }, friday));
  expect(listed).toContain('shop  nothing deployed yet\n  frozen until 2026-11-23 08:00');
});

test('the history says what was released, how it ended, what runs now, and where the evidence is', async () => {
  const sent: Sent[] = [];
  const listed = await listReleases(aServer(sent), 'shop', { limit: 20, json: false }, friday);
  expect(stripVTControlCharacters(listed).split('\n')).toEqual([
    'rolled back r8-9f8e7d6 1 min ago, by Mei Lin',
    '            commit 1a2b3c4d5e, registry.example.com/shop@sha256:7, evidence: sluice replay roll',
    '            5 % errors',
    'released    r7-1a2b3c4 runs now 1 min ago, by Mei Lin',
    '            commit 1a2b3c4d5e, registry.example.com/shop@sha256:7, evidence: sluice replay roll',
    'released    r6-0000000 1 min ago, by Mei Lin',
    '            commit 1a2b3c4d5e, registry.example.com/shop@sha256:7',
  ]);
  expect(sent.at(-1)?.path).toBe('/api/environments/shop/releases?limit=20');
});

test('a file that cannot be used says where and why, and nothing is sent', async () => {
  const sent: Sent[] = [];
  const broken = file.replace('FRI', 'FRIDAY').replace('62h', '62');
  await expect(freezeEnvironment(aServer(sent), 'shop', broken, friday)).rejects.toThrow(
    /windows\.0\.cron: "0 18 \* \* FRIDAY" is not a schedule: .*\nwindows\.0\.duration: must be a time with its unit/,
  );
  expect(sent).toEqual([]);
});

test('the glass is broken for the rollout of a run that a freeze holds', async () => {
  const sent: Sent[] = [];
  expect(await breakGlass(aServer(sent), '7', 'security fix')).toBe(
    'deploy of run #7 goes on in spite of the freeze',
  );
  expect(sent.at(-1)).toEqual({
    method: 'POST',
    path: '/api/rollouts/roll/break-glass',
    body: { reason: 'security fix' },
  });
});
