import { dirname } from 'node:path';
import type { Logger } from 'pino';
import type { WorkerConfig } from '../../config.ts';
import { findControlGroups, readGroupPlaces } from './control-groups.ts';
import { IsolationError } from './isolation-error.ts';
import type { ProcessExecutorOptions } from './process-executor.ts';
import { whyNoShell } from './host-shell.ts';
import { keysAtHome, probeSandbox, type Sandbox } from './sandbox.ts';

/** What an operator, or the person whose machine it is, has said of steps that run on it. */
export type HostSettings = Pick<
  WorkerConfig,
  | 'allowsProcessExecutor'
  | 'path'
  | 'stepIsolation'
  | 'stepWritable'
  | 'dockerHost'
  | 'folder'
  | 'home'
  | 'kubeconfigPath'
>;

/** What this host offers to steps that run on it; tried out once, and said in the worker's log. */
export async function openHost(
  config: HostSettings,
  workerId: string,
  log: Logger,
): Promise<ProcessExecutorOptions> {
  const { allowsProcessExecutor: isAllowed, path } = config;
  if (!isAllowed) return { isAllowed, path, workerId, ...noSteps };
  const sandbox = await chooseSandbox(config);
  if (config.stepIsolation === 'bubblewrap' && sandbox.kind === 'none') {
    throw new IsolationError(
      `SLUICE_STEP_ISOLATION=bubblewrap, but ${sandbox.why}: install bubblewrap and allow user namespaces, or set it to "auto"`,
    );
  }
  const groups = await findControlGroups(await readGroupPlaces());
  const walls =
    sandbox.kind === 'bubblewrap'
      ? `isolated by bubblewrap ${sandbox.version}`
      : `not isolated: ${sandbox.why}`;
  const limits = groups === null ? 'neither memory nor CPU can be limited' : 'limited by control groups';
  log.info(`steps without an image run on this host, ${walls}; ${limits}`);
  return { isAllowed, path, workerId, sandbox, groups, noShell: await whyNoShell(sandbox, path) };
}

const noSteps = {
  sandbox: { kind: 'none', why: 'it runs no steps' },
  groups: null,
  noShell: 'this worker runs no steps on its own host',
} as const;

async function chooseSandbox(config: HostSettings): Promise<Sandbox> {
  if (config.stepIsolation === 'none') return { kind: 'none', why: 'the operator wants none' };
  const socket = config.dockerHost.startsWith('unix://') ? [config.dockerHost.slice('unix://'.length)] : [];
  const hidden = [
    dirname(config.folder), // of the whole installation, where server and worker share a machine
    ...(config.home === null ? [] : keysAtHome(config.home)),
    ...(config.kubeconfigPath === null ? [] : [config.kubeconfigPath]),
    ...socket,
  ];
  return probeSandbox({ path: config.path, hidden, writable: config.stepWritable });
}
