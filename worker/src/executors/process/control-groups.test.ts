import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findControlGroups, workerGroup } from './control-groups.ts';

// A folder stands for the kernel's: what is written where, and when nothing is.
let mount: string;
beforeEach(async () => {
  mount = await mkdtemp(join(tmpdir(), 'sluice-groups-'));
});
afterEach(() => rm(mount, { recursive: true, force: true }));

const limits = { cpu: 0.5, memoryBytes: 1024, pids: 7 };
const make = async (folder: string, files: Readonly<Record<string, string>>): Promise<void> => {
  await mkdir(join(mount, folder), { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(mount, folder, name), text);
};
const read = (path: string): Promise<string> => readFile(join(mount, path), 'utf8');

test('version 2: a group beside the worker’s own, with every controller passed down', async () => {
  const given = {
    'cgroup.controllers': 'cpu io memory pids',
    'cgroup.subtree_control': '',
    'cgroup.procs': '',
  };
  await make('system.slice/sluice.service', given);
  const membership = `0::/system.slice/sluice.service/${workerGroup}\n`;
  const groups = await findControlGroups({ mount, membership });
  const group = await groups?.open('sluice-1', limits);
  const parent = 'system.slice/sluice.service';
  expect(await read(`${parent}/cgroup.subtree_control`)).toBe('+cpu +memory +pids');
  expect(await read(`${parent}/sluice-1/memory.max`)).toBe('1024');
  expect(await read(`${parent}/sluice-1/pids.max`)).toBe('7');
  expect(await read(`${parent}/sluice-1/cpu.max`)).toBe('50000 100000');
  expect(group?.doors).toEqual([join(mount, parent, 'sluice-1', 'cgroup.procs')]);
  await make(`${parent}/sluice-1`, { 'memory.events': 'low 0\noom 3\noom_kill 2\n' });
  expect(await group?.oomKills()).toBe(2);
});

test('version 2: a worker in a group that is not its own makes none', async () => {
  await make('user.slice', { 'cgroup.controllers': 'cpu memory pids', 'cgroup.procs': '' });
  expect(await findControlGroups({ mount, membership: '0::/user.slice/session-1.scope\n' })).toBe(null);
});

test('version 1: one group in each hierarchy whose limit is asked for', async () => {
  for (const part of ['memory/own', 'pids', 'cpu']) await make(part, { 'cgroup.procs': '' });
  const membership = '8:pids:/not/shown/here\n4:memory:/own\n1:cpu,cpuacct:/\n0::/\n';
  const groups = await findControlGroups({ mount, membership });
  await groups?.open('sluice-1', limits);
  expect(await read('memory/own/sluice-1/memory.limit_in_bytes')).toBe('1024');
  expect(await read('pids/sluice-1/pids.max')).toBe('7');
  expect(await read('cpu/sluice-1/cpu.cfs_quota_us')).toBe('50000');
});

test('version 1: without one of the hierarchies there are none', async () => {
  await make('memory', { 'cgroup.procs': '' });
  expect(await findControlGroups({ mount, membership: '4:memory:/\n' })).toBe(null);
});
