// The way into a pod (see `resident-pod.ts`): one connection for all steps, made anew whenever it was cut. What is read
// of a step's output is counted, so that a new connection goes on at the very byte at which the old one ended.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { markedOutput } from '../docker/marked-output.ts';
import type { StepOutput } from '../executor.ts';
import type { PodCluster } from './pod-cluster.ts';
import { ClusterAwayError } from './pod-cluster.ts';
import { ConnectionLostError, execInPod, type RunningCommand } from './pod-exec.ts';
import { consolePrelude, followProgram, takenOver } from './resident-pod.ts';
import { podEnd, stepsContainer, type PodEnd, type StagePod } from './stage-pod.ts';

export interface PodPlace {
  readonly cluster: PodCluster;
  readonly name: string;
  readonly uid: string;
  readonly fence: number;
  /** How long the pod's node may refuse every connection before the pod is given up. */
  readonly patienceMs: number;
}

export type FollowEnd =
  /** `rest`: what the step's `end` holds. */
  | { readonly kind: 'ended'; readonly rest: string }
  | { readonly kind: 'pod-ended'; readonly end: PodEnd }
  | { readonly kind: 'taken-over' };

export interface PodConsole {
  /**
   * Sends `start`, and passes on the output of step number `number` from its first byte to its last, whatever
   * connections are cut meanwhile. Never called again before it has settled.
   */
  readonly follow: (number: number, start: string, output: StepOutput) => Promise<FollowEnd>;
  readonly close: () => void;
  /** What is followed is followed no more; `follow` then says `taken-over`. */
  readonly abandon: () => void;
}

/** The pod is looked at so often while a step runs, should its node have died without a word. */
const lookMs = 10_000;
/** A pod that was deleted has so long to end by itself. */
const endingMs = 90_000;

export function openPodConsole(place: PodPlace): PodConsole {
  let reader: StepOutput = nobody;
  let connection: RunningCommand | null = null;
  let isAbandoned = false;
  const connected = async (): Promise<RunningCommand> => {
    if (connection !== null) return connection;
    const target = { namespace: place.cluster.namespace, pod: place.name, container: stepsContainer };
    connection = await execInPod(
      place.cluster.config,
      { ...target, command: ['sh', '-s'], hasInput: true },
      { write: (stream, chunk) => reader.write(stream, chunk), drained: () => reader.drained() },
    );
    await connection.send(Buffer.from(consolePrelude(place.fence)));
    return connection;
  };
  const leave = (): void => {
    connection?.close();
    connection = null;
    reader = nobody;
  };

  /** Null: the connection was cut; `from` then says how much has come. */
  const followOnce = async (
    number: number,
    start: string,
    from: { stdout: number; stderr: number },
    output: StepOutput,
  ): Promise<FollowEnd | null> => {
    const mark = randomUUID();
    const pass = (stream: 'stdout' | 'stderr') => (chunk: Uint8Array) => {
      from[stream] += chunk.length;
      output.write(stream, chunk);
    };
    const streams = {
      stdout: markedOutput(mark, pass('stdout')),
      stderr: markedOutput(mark, pass('stderr')),
    };
    const console_ = await connected();
    reader = { write: (stream, chunk) => streams[stream].write(chunk), drained: output.drained };
    await console_.send(Buffer.from(start + followProgram(number, from, mark)));
    const marked = Promise.all([streams.stdout.ended, streams.stderr.ended]);
    const end = await Promise.race([marked, console_.ended]);
    if ('kind' in end) {
      leave();
      return end.kind === 'exited' && end.exitCode === takenOver ? { kind: 'taken-over' } : null;
    }
    reader = nobody;
    return { kind: 'ended', rest: end[0] };
  };

  return {
    follow: async (number, start, output) => {
      const from = { stdout: 0, stderr: 0 };
      const watching = watchPod(place, leave);
      try {
        for (let tries = 0, cutAt = Date.now(); ; tries += 1) {
          const before = from.stdout + from.stderr;
          const end = await followOnce(number, start, from, output).catch(unlessCut);
          if (end !== null) return end;
          leave();
          if (isAbandoned) return { kind: 'taken-over' };
          const pod = await place.cluster.findPod(place.name);
          const ended = endOf(pod, place);
          if (ended !== null) return { kind: 'pod-ended', end: ended };
          if (from.stdout + from.stderr > before) [tries, cutAt] = [0, Date.now()];
          if (Date.now() - cutAt > place.patienceMs && tries > 3) throw unreachableNode(place);
          await sleep(Math.min(5_000, 50 * 2 ** Math.min(tries, 7)));
        }
      } finally {
        watching.abort();
      }
    },
    close: leave,
    abandon: () => {
      isAbandoned = true;
      leave();
    },
  };
}

const nobody: StepOutput = { write: () => {}, drained: async () => {} };

function unlessCut(error: unknown): null {
  if (error instanceof ConnectionLostError) return null;
  throw error;
}

/** What ended the pod; null while its steps may run. */
function endOf(pod: StagePod | null, { uid }: PodPlace): PodEnd | null {
  if (pod === null || pod.metadata.uid !== uid) {
    return { outOfMemory: false, message: 'The pod was deleted by someone else, or with its node' };
  }
  return isEnding(pod) && !hasOverstayed(pod) ? null : podEnd(pod);
}

/** It was deleted, and its step is given time to end. */
const isEnding = ({ metadata, status }: StagePod): boolean =>
  metadata.deletionTimestamp !== null && status.phase === 'Running';

const hasOverstayed = ({ metadata }: StagePod): boolean =>
  Date.now() - Date.parse(metadata.deletionTimestamp ?? '') > endingMs;

/** Cuts a connection whose pod has ended without a word. */
function watchPod(place: PodPlace, cut: () => void): AbortController {
  const watching = new AbortController();
  const look = async (): Promise<void> => {
    for (;;) {
      await sleep(lookMs, undefined, { signal: watching.signal });
      const pod = await place.cluster.findPod(place.name);
      if (!watching.signal.aborted && endOf(pod, place) !== null) cut();
    }
  };
  look().catch((error: unknown) => {
    if (!watching.signal.aborted && error instanceof ClusterAwayError) cut();
  });
  return watching;
}

function unreachableNode({ name, patienceMs }: PodPlace): Error {
  const minutes = Math.round(patienceMs / 60_000);
  return new Error(`the node of pod ${name} has let nobody into it for ${minutes} min`);
}
