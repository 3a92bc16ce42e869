import type { StopReason } from './stage-runner.ts';

/** One attempt that this worker holds, as the rest of the worker sees it. */
export interface LiveAttempt {
  readonly attemptId: string;
  readonly fence: number;
  /** Aborts with a StopReason. */
  readonly signal: AbortSignal;
  /** Only the first reason counts, but `lost` overrides: then nothing more is reported. */
  readonly stop: (reason: StopReason) => void;
  /** The worker itself ends: the attempt is stopped, and fails as our fault and not as a cancel. */
  readonly shutDown: () => void;
  /** Aborts when nobody waits for clean-up any more. */
  readonly forced: AbortSignal;
  /** After a stop: ends what cleans up, and gives no step time to end by itself. */
  readonly force: () => void;
  readonly isLost: () => boolean;
  readonly isShutDown: () => boolean;
}

export function createLiveAttempt(attemptId: string, fence: number): LiveAttempt {
  const controller = new AbortController();
  const lost = new AbortController();
  const forced = new AbortController();
  let isShutDown = false;
  return {
    attemptId,
    fence,
    signal: controller.signal,
    stop: (reason) => {
      if (reason.kind === 'lost') lost.abort();
      controller.abort(reason);
    },
    shutDown: () => {
      isShutDown ||= !controller.signal.aborted;
      controller.abort({ kind: 'cancelled', reason: 'the worker is stopping' } satisfies StopReason);
    },
    forced: forced.signal,
    force: () => forced.abort(),
    isLost: () => lost.signal.aborted,
    isShutDown: () => isShutDown,
  };
}

/** The attempts that this process holds now, by id. */
export type LiveAttempts = Map<string, LiveAttempt>;
