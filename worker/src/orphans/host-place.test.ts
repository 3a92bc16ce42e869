import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ControlGroups } from '../executors/process/control-groups.ts';
import { groupNameOf } from '../executors/process/remove-processes.ts';
import { hostPlace } from './host-place.ts';

let attempts: string;
beforeEach(async () => {
  attempts = await mkdtemp(join(tmpdir(), 'sluice-host-place-'));
});
afterEach(() => rm(attempts, { recursive: true, force: true }));

function fakeGroups(names: readonly string[]): ControlGroups & { readonly left: Set<string> } {
  const left = new Set(names);
  return {
    left,
    names: () => Promise.resolve([...left]),
    remove: (name) => Promise.resolve(void left.delete(name)),
    open: () => Promise.reject(new Error('nothing is opened here')),
  };
}

test('folders of attempts are found with their age, and removed with their control groups', async () => {
  const [attemptId, other] = [randomUUID(), randomUUID()];
  await mkdir(join(attempts, attemptId, 'workspace', 'deep'), { recursive: true });
  await mkdir(join(attempts, 'lost+found'));
  const groups = fakeGroups([groupNameOf('me', attemptId), groupNameOf('you', other), 'system.slice']);
  const owner = { groups, workerId: 'me' };
  const place = hostPlace({ attempts, workerId: 'me' }, owner, () => Date.now() + 3_600_000);

  const { engine, kinds, found } = await place.list('ours');
  expect([engine, ...kinds]).toEqual(['host/me', 'folder', 'process-group']);
  expect(found.map(({ kind, attempt }) => ({ kind, attempt }))).toEqual([
    { kind: 'folder', attempt: { attemptId } },
    { kind: 'process-group', attempt: { attemptId } },
    { kind: 'process-group', attempt: { attemptId: other } },
  ]);
  expect(found[0]?.ageMs).toBeGreaterThan(3_500_000);
  expect(await found[0]?.remove()).toBe('removed');
  expect(await readdir(attempts)).toEqual(['lost+found']);
  expect([...groups.left]).toEqual([groupNameOf('you', other), 'system.slice']);
});

test('a control group whose attempt no server knows is never old enough', async () => {
  const owner = { groups: fakeGroups([groupNameOf('you', randomUUID())]), workerId: 'me' };
  const { found } = await hostPlace({ attempts, workerId: 'me' }, owner, Date.now).list('ours');
  expect(found.map(({ ageMs }) => ageMs)).toEqual([0]);
});

test('a host without control groups is not said to have none left', async () => {
  const owner = { groups: null, workerId: 'me' };
  expect((await hostPlace({ attempts, workerId: 'me' }, owner, Date.now).list('ours')).kinds).toEqual([
    'folder',
  ]);
});
