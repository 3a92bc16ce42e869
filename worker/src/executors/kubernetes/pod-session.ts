import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkspaceLostError, type ExecutorSession, type StepEnd, type WorkspaceSpec } from '../executor.ts';
import { describeServices } from './describe-services.ts';
import { fetchFile } from './fetch-file.ts';
import { fetchFromHome, fetchTree } from './fetch-tree.ts';
import { openPodConsole, type FollowEnd, type PodPlace } from './pod-console.ts';
import { askInPod, ConnectionLostError } from './pod-exec.ts';
import { openPodShell } from './pod-shell.ts';
import { removePod } from './remove-pod.ts';
import { signalProgram, startProgram } from './resident-pod.ts';
import { stepsContainer } from './stage-pod.ts';

/** A step that was begun in the pod. */
export interface BegunStep {
  /** Counts the starts in this pod, from 1. */
  readonly number: number;
  readonly index: number;
  readonly try: number;
}

/**
 * Steps in a pod that runs. `begun`: what another worker process has begun in it. A step that is among them is followed
 * from its first byte, also when it has ended: that worker may not have told anybody of it any more.
 */
export function createPodSession(
  place: PodPlace,
  spec: WorkspaceSpec,
  begun: readonly BegunStep[],
): ExecutorSession {
  const console_ = openPodConsole(place);
  const numbers = new Map(begun.map((step) => [keyOf(step), step.number]));
  let last = begun.at(-1)?.number ?? 0;
  let isDisposed = false;
  return {
    runStep: async (command, output, signal) => {
      const known = numbers.get(keyOf(command));
      if (signal.aborted && known === undefined) return { kind: 'stopped' };
      if (known === undefined && last === 0) await spec.told?.();
      const number = known ?? (last += 1);
      const start = known === undefined ? startProgram(number, command) : '';
      const following = console_.follow(number, start, output);
      const end = await untilEnded(place, following, command.graceMs, signal);
      return end === 'stopped' ? { kind: 'stopped' } : stepEnd(end);
    },
    shellDoor: { kind: 'open', open: (shell) => openPodShell(place, shell) },
    release: async () => console_.abandon(),
    describeServices: () => describeServices(place, spec.services),
    fetchFile: (path) => fetchFile(place, spec.workspace, path),
    fetchTree: (path) => fetchTree(place, spec, path),
    fetchFromHome: (path) => fetchFromHome(place, spec, path),
    dispose: async () => {
      console_.close();
      if (isDisposed) return;
      await removePod(place.cluster, spec, place.fence, 'ended');
      isDisposed = true;
    },
  };
}

const keyOf = (step: Pick<BegunStep, 'index' | 'try'>): string => `${step.index} ${step.try}`;

function stepEnd(end: FollowEnd): StepEnd {
  if (end.kind === 'taken-over')
    throw new WorkspaceLostError('Another worker has taken the pod of this stage over.');
  if (end.kind === 'pod-ended') {
    if (end.end.outOfMemory)
      return { kind: 'exited', exitCode: 137, outOfMemory: true, outOfProcesses: false };
    throw new WorkspaceLostError(
      `${end.end.message}. The last lines that the step wrote may be missing. Run the stage again, or allow "infrastructure" in its retry.`,
    );
  }
  const [, exitCode, wasKilled, isEnding, wasRefused] =
    /^(\d+) ([01]) ([01])(?: ([01]))?$/.exec(end.rest) ?? [];
  if (exitCode === undefined) throw new Error(`the pod said "${end.rest}" where a step's end was due`);
  if (isEnding === '1' && exitCode !== '0') {
    throw new WorkspaceLostError(
      'The pod was ended from outside, as an eviction, draining its node or a pod of higher priority does, and the step with it. Its output is complete. Run the stage again, or allow "infrastructure" in its retry.',
    );
  }
  return {
    kind: 'exited',
    exitCode: Number(exitCode),
    outOfMemory: exitCode !== '0' && wasKilled === '1',
    outOfProcesses: exitCode !== '0' && wasRefused === '1',
  };
}

/** How the step has ended; on abort, `stopped` when none of its processes is left. */
async function untilEnded(
  place: PodPlace,
  following: Promise<FollowEnd>,
  graceMs: number,
  signal: AbortSignal,
): Promise<FollowEnd | 'stopped'> {
  const end = await Promise.race([following, untilAborted(signal, following)]);
  if (!signal.aborted && end !== 'stopped') return end;
  const settled = following.then(
    () => true,
    () => true,
  );
  const endsWithin = (ms: number): Promise<boolean> => Promise.race([settled, sleep(ms, false)]);
  await sendSignal(place, 'TERM', settled);
  if (await endsWithin(graceMs)) return 'stopped';
  await sendSignal(place, 'KILL', settled);
  // The resident kills whatever is left; only a kernel that cannot end a process, or a lost node, takes longer.
  if (await endsWithin(place.patienceMs)) return 'stopped';
  throw new Error(`the processes of the step in pod ${place.name} could not be ended`);
}

/** Tries until it was heard, or the step has ended by itself. */
async function sendSignal(place: PodPlace, name: 'TERM' | 'KILL', settled: Promise<boolean>): Promise<void> {
  const { cluster, fence } = place;
  const target = { namespace: cluster.namespace, pod: place.name, container: stepsContainer };
  const until = Date.now() + place.patienceMs;
  for (let waitMs = 100; Date.now() < until; waitMs = Math.min(5_000, waitMs * 2)) {
    try {
      await askInPod(cluster.config, { ...target, command: ['sh', '-c', signalProgram(fence, name)] });
      return;
    } catch (error) {
      if (!(error instanceof ConnectionLostError)) throw error;
      if (await Promise.race([settled, sleep(waitMs, false)])) return;
    }
  }
}

async function untilAborted(signal: AbortSignal, ended: Promise<unknown>): Promise<'stopped'> {
  if (signal.aborted) return 'stopped';
  const waiting = new AbortController();
  const release = (): void => waiting.abort();
  ended.then(release, release);
  await once(signal, 'abort', { signal: waiting.signal }).catch(() => undefined);
  return 'stopped';
}
