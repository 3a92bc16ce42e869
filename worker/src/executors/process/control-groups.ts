// Control groups of the Linux kernel (version 1 and 2): they bound what an attempt uses, and hold all of its
// processes, whatever those do to hide.
import { access, constants, mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sendSignal } from './process-table.ts';

export interface ControlGroups {
  /** Makes a group, or finds the one that a dead process of this worker made. */
  readonly open: (name: string, limits: GroupLimits) => Promise<ControlGroup>;
  /** Ends every process in it, and the group, if there is one. */
  readonly remove: (name: string) => Promise<void>;
  /** All that there are, of others too. */
  readonly names: () => Promise<readonly string[]>;
}

export interface GroupLimits {
  /** Processor cores; null: no limit. */
  readonly cpu: number | null;
  readonly memoryBytes: number | null;
  readonly pids: number;
}

export interface ControlGroup {
  /** A process joins by writing 0 into each. */
  readonly doors: readonly string[];
  /** How many processes the kernel has killed for memory so far. */
  readonly oomKills: () => Promise<number>;
  /** Ends every process in it. */
  readonly kill: () => Promise<void>;
  /** Ends every process in it, and the group. Idempotent. */
  readonly remove: () => Promise<void>;
}

/** Where the kernel shows them; a parameter for tests. */
export interface GroupPlaces {
  readonly mount: string;
  /** Text of /proc/self/cgroup. */
  readonly membership: string;
}

export async function readGroupPlaces(): Promise<GroupPlaces> {
  const membership = await readFile('/proc/self/cgroup', 'utf8').catch(() => '');
  return { mount: '/sys/fs/cgroup', membership };
}

/** Null when this worker may make none: it needs to be root, or to have been given a part of the tree. */
export async function findControlGroups(places: GroupPlaces): Promise<ControlGroups | null> {
  const unified = await unifiedParent(places);
  if (unified !== null) return groupsIn([unified], (name, limits) => openUnified(unified, name, limits));
  const memory = await splitParent(places, 'memory');
  const pids = await splitParent(places, 'pids');
  const cpu = await splitParent(places, 'cpu');
  if (memory === null || pids === null || cpu === null) return null;
  return groupsIn([pids, memory, cpu], (name, limits) => openSplit({ memory, pids, cpu }, name, limits));
}

function groupsIn(parents: readonly string[], open: ControlGroups['open']): ControlGroups {
  return {
    open,
    remove: (name) =>
      groupOf(
        parents.map((parent) => join(parent, name)),
        null,
      ).remove(),
    names: async () => [...new Set((await Promise.all(parents.map((parent) => readdir(parent)))).flat())],
  };
}

/** The group below which an operator has put the worker, so that others may stand beside it. */
export const workerGroup = 'sluice-worker';

/**
 * Version 2, where processes may only be in leaves: beside the worker's own group, if that is named for it (systemd:
 * Delegate=yes and DelegateSubgroup=sluice-worker), or below the root of all.
 */
async function unifiedParent({ mount, membership }: GroupPlaces): Promise<string | null> {
  const own = pathOf(membership, '');
  if (own === null || (own !== '/' && basename(own) !== workerGroup)) return null;
  const parent = join(mount, dirname(own));
  const controllers = ['cpu', 'memory', 'pids'];
  const read = async (file: string): Promise<readonly string[]> =>
    (await readFile(join(parent, file), 'utf8').catch(() => '')).split(/\s+/);
  const isGiven = await read('cgroup.controllers');
  if (!controllers.every((name) => isGiven.includes(name)) || !(await isWritable(parent))) return null;
  const passed = await read('cgroup.subtree_control');
  const missing = controllers.filter((name) => !passed.includes(name));
  if (missing.length === 0) return parent;
  const asked = missing.map((name) => `+${name}`).join(' ');
  return set(parent, 'cgroup.subtree_control', asked).then(
    () => parent,
    () => null,
  );
}

/** Version 1: our own group in one hierarchy, or its root where ours is not shown (in a container). */
async function splitParent({ mount, membership }: GroupPlaces, part: string): Promise<string | null> {
  const own = pathOf(membership, part);
  if (own === null) return null;
  for (const folder of [join(mount, part, own), join(mount, part)])
    if (await isWritable(folder)) return folder;
  return null;
}

/** Lines are `id:controllers:path`; version 2 has id 0 and names no controllers. */
function pathOf(membership: string, controller: string): string | null {
  for (const line of membership.split('\n')) {
    const [, names, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path !== undefined && (names ?? '').split(',').includes(controller)) return path;
  }
  return null;
}

async function isWritable(folder: string): Promise<boolean> {
  return access(join(folder, 'cgroup.procs'), constants.W_OK).then(
    () =>
      access(folder, constants.W_OK).then(
        () => true,
        () => false,
      ),
    () => false,
  );
}

async function openUnified(parent: string, name: string, limits: GroupLimits): Promise<ControlGroup> {
  const folder = join(parent, name);
  await mkdir(folder, { recursive: true });
  await set(folder, 'pids.max', limits.pids);
  if (limits.memoryBytes !== null) {
    await set(folder, 'memory.max', limits.memoryBytes);
    await set(folder, 'memory.swap.max', 0).catch(() => undefined); // a kernel without swap accounting
  }
  if (limits.cpu !== null) await set(folder, 'cpu.max', `${quotaOf(limits.cpu)} ${periodUs}`);
  return groupOf([folder], join(folder, 'memory.events'));
}

interface Hierarchies {
  readonly memory: string;
  readonly pids: string;
  readonly cpu: string;
}

async function openSplit(parents: Hierarchies, name: string, limits: GroupLimits): Promise<ControlGroup> {
  const folders = [join(parents.pids, name)];
  if (limits.memoryBytes !== null) folders.push(join(parents.memory, name));
  if (limits.cpu !== null) folders.push(join(parents.cpu, name));
  for (const folder of folders) await mkdir(folder, { recursive: true });
  await set(join(parents.pids, name), 'pids.max', limits.pids);
  if (limits.memoryBytes !== null) {
    const memory = join(parents.memory, name);
    await set(memory, 'memory.limit_in_bytes', limits.memoryBytes);
    await set(memory, 'memory.memsw.limit_in_bytes', limits.memoryBytes).catch(() => undefined); // no swap accounting
  }
  if (limits.cpu !== null) {
    await set(join(parents.cpu, name), 'cpu.cfs_period_us', periodUs);
    await set(join(parents.cpu, name), 'cpu.cfs_quota_us', quotaOf(limits.cpu));
  }
  const control = limits.memoryBytes === null ? null : join(parents.memory, name, 'memory.oom_control');
  return groupOf(folders, control);
}

const periodUs = 100_000;
/** The kernel refuses less than a millisecond in a period. */
const quotaOf = (cores: number): number => Math.max(1_000, Math.round(cores * periodUs));

async function set(folder: string, file: string, value: number | string): Promise<void> {
  await writeFile(join(folder, file), String(value));
}

/** `counts`: the file with a line `oom_kill N`; null: nothing limits memory. */
function groupOf(folders: readonly string[], counts: string | null): ControlGroup {
  const group: ControlGroup = {
    doors: folders.map((folder) => join(folder, 'cgroup.procs')),
    oomKills: async () => {
      const text = counts === null ? '' : await readFile(counts, 'utf8').catch(() => '');
      return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
    },
    kill: async () => {
      for (let round = 0; round < killRounds; round += 1) {
        const pids = (await Promise.all(folders.map(processesOf))).flat();
        if (pids.length === 0 && (await Promise.all(folders.map(isDeserted))).every(Boolean)) return;
        for (const pid of pids) sendSignal(pid, 'SIGKILL');
        await sleep(Math.min(100, round * 5));
      }
    },
    remove: async () => {
      await group.kill();
      for (const folder of folders) await removeFolder(folder);
    },
  };
  return group;
}

/** A bomb that is killed while it forks is met again and again; its number is bounded. */
const killRounds = 50;

async function processesOf(folder: string): Promise<readonly number[]> {
  const text = await readFile(join(folder, 'cgroup.procs'), 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '' && line !== '0')
    .map(Number);
}

/** What was killed counts until its parent has noticed. */
async function isDeserted(folder: string): Promise<boolean> {
  const count = await readFile(join(folder, 'pids.current'), 'utf8').catch(() => '0');
  return Number(count) === 0;
}

/** The kernel keeps it a moment longer than its last process. */
async function removeFolder(folder: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await rmdir(folder);
      return;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
      if (tries === 100) throw error;
      await sleep(Math.min(50, tries * 2));
    }
  }
}
