import { freezeRules } from '@sluice/pipelines/freeze/freeze-rules';
import { freezeAt, nextFreeze } from '@sluice/pipelines/freeze/freeze-at';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import type { ApiClient } from '../api-client.ts';
import { breakGlass, freezeEnvironment, listEnvironments } from './environments.ts';

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

/** Answers as the server does. */
function aServer(sent: Sent[] = []): ApiClient {
  let rules = freezeRules.parse({ windows: [] });
  const freeze = () => ({ rules, now: freezeAt(rules, friday), next: nextFreeze(rules, friday) });
  const answer = (method: string, path: string, body: unknown): unknown => {
    if (method === 'PUT') rules = freezeRules.parse(body);
    if (path.endsWith('/freeze')) return freeze();
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
