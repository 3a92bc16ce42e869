// Runs steps on the worker's own host, in a sandbox where there is one. For repositories whose authors may do what
// the worker's user may: the server gives out no others.
import { mkdir, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { AdoptedWorkspace, Executor, WorkspaceSpec } from '../executor.ts';
import type { ControlGroup, ControlGroups } from './control-groups.ts';
import { isAlive } from './process-table.ts';
import { groupNameOf } from './remove-processes.ts';
import { begunKeeper, createProcessSession, preventStep } from './process-session.ts';
import type { Sandbox } from './sandbox.ts';
import { homeFolder, tmpFolder } from './session-folders.ts';
import { readBootId, readSessionRecord } from './session-record.ts';
import { readStepState } from './step-follower.ts';

export interface ProcessExecutorOptions {
  /** The operator's word; the server has already checked that the repository is trusted. */
  readonly isAllowed: boolean;
  /** PATH of the steps. */
  readonly path: string;
  readonly sandbox: Sandbox;
  /** Null: this worker can limit neither memory nor CPU. */
  readonly groups: ControlGroups | null;
  /** Tells its control groups from those of other workers. */
  readonly workerId: string;
  /** Why there are no shells on this host, for people; null: there are. */
  readonly noShell: string | null;
}

/** As many as the Docker executor allows. */
const defaultPids = 4_096;

export function createProcessExecutor(options: ProcessExecutorOptions): Executor {
  const sessionOf = async (spec: WorkspaceSpec) =>
    createProcessSession(spec, {
      path: options.path,
      sandbox: options.sandbox,
      group: await openGroup(spec, options),
      pids: spec.resources.pids ?? defaultPids,
      noShell: options.noShell,
    });
  return {
    openWorkspace: async (spec) => {
      const refusal = whyNot(spec, options);
      if (refusal !== null) return { kind: 'failed', reason: 'refused', message: refusal };
      for (const folder of [homeFolder, tmpFolder]) await mkdir(folder(spec.scratch), { recursive: true });
      spec.onProgress(describe(options));
      return { kind: 'opened', session: await sessionOf(spec) };
    },
    adoptWorkspace: async (spec) => {
      const record = await readSessionRecord(spec.scratch);
      if (record === null) return { kind: 'never-used' };
      const loss =
        record.bootId === (await readBootId())
          ? await findLostStep(spec.scratch)
          : 'its host was started anew meanwhile, which ended its processes';
      const session = await sessionOf(spec);
      if (loss === null) return { kind: 'adopted', session };
      await session.dispose();
      return { kind: 'gone', message: loss } satisfies AdoptedWorkspace;
    },
  };
}

function openGroup(
  { scratch, resources }: WorkspaceSpec,
  { groups, workerId }: ProcessExecutorOptions,
): Promise<ControlGroup> | null {
  const limits = { ...resources, pids: resources.pids ?? defaultPids };
  const attempt = basename(dirname(scratch)); // the attempt's folder is named after it
  return groups === null ? null : groups.open(groupNameOf(workerId, attempt), limits);
}

/** What the log says of how a stage runs. */
function describe({ sandbox, groups }: Pick<ProcessExecutorOptions, 'sandbox' | 'groups'>): string {
  const walls =
    sandbox.kind === 'bubblewrap'
      ? `isolated by bubblewrap ${sandbox.version}`
      : `not isolated from it: ${sandbox.why}`;
  const limits =
    groups === null
      ? 'only the number of processes of its user is limited: this worker may make no control groups'
      : `at most ${defaultPids} processes unless the stage says otherwise`;
  return `steps run on the worker's own host, ${walls}; ${limits}`;
}

function whyNot(spec: WorkspaceSpec, { isAllowed, sandbox, groups }: ProcessExecutorOptions): string | null {
  const { network, resources } = spec;
  if (!isAllowed) {
    return 'This worker runs no steps on its own host. Give the stage an "image", or start the worker with SLUICE_ALLOW_PROCESS_EXECUTOR=1.';
  }
  if (!network && sandbox.kind === 'none') {
    return `Steps without an image cannot be cut off from the network by this worker: ${sandbox.why}. Give the stage an "image", or install bubblewrap on the worker's host.`;
  }
  if (spec.services.length > 0) {
    return 'Steps without an image cannot have services beside them. Give the stage an "image".';
  }
  if (spec.user !== null || spec.readOnlyRoot) {
    return 'Steps without an image run as the worker itself and see its host. Give the stage an "image", or remove "user" and "read_only".';
  }
  const isLimited = resources.memoryBytes !== null || resources.cpu !== null || resources.pids !== null;
  if (isLimited && groups === null) {
    return 'Steps without an image cannot be limited in CPU, memory or processes by this worker: it may make no control groups. Give the stage an "image", or remove "resources".';
  }
  return null;
}

/** Why the steps cannot be followed to their end, or null. A step that was to begin but did not may begin again. */
async function findLostStep(scratch: string): Promise<string | null> {
  for (const name of (await readdir(scratch)).filter((each) => /^step-\d+(-try-\d+)?$/.test(each))) {
    const folder = join(scratch, name);
    if (await preventStep(folder)) {
      await rm(folder, { recursive: true, force: true });
      continue;
    }
    const keeper = await begunKeeper(folder);
    if (keeper !== null && (await isAlive(keeper))) continue;
    if ((await readStepState(folder)).isCopied) continue;
    return `the process that kept step ${Number.parseInt(name.slice(5), 10) + 1} has ended before the step`;
  }
  return null;
}
