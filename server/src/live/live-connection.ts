import { liveRequest, type LiveMessage, type LiveRequest } from '@sluice/pipelines/protocol/live';
import { unreachable } from '@sluice/pipelines/result';
import type { WebSocket } from 'ws';
import type { ServerContext } from '../context.ts';
import { startPump, type Pump } from '../orchestrator/pump.ts';
import type { Watch } from './watch.ts';
import { watchLog } from './watch-log.ts';
import { watchRollout } from './watch-rollout.ts';
import { watchRun } from './watch-run.ts';
import { watchRuns } from './watch-runs.ts';

export interface LiveConnection {
  readonly close: () => void;
}

const mostWatches = 100;
/** A hint may be lost: every watch also looks by itself. */
const lookEveryMs = 1_000;
/** More than this waiting in our memory, and the sender waits for the client. */
const highWaterBytes = 1024 * 1024;

/** Answers a client's requests for as long as its socket is open. */
export function openLiveConnection(context: ServerContext, socket: WebSocket): LiveConnection {
  const watches = new Map<string, { readonly watch: Watch; readonly pump: Pump }>();
  const stopListening = context.news.listen((message) => {
    for (const { watch, pump } of watches.values()) if (watch.hears(message)) pump.wake();
  });

  socket.on('message', (data, isBinary) => {
    const request = !isBinary && Buffer.isBuffer(data) ? parseRequest(data.toString()) : null;
    if (request === null) {
      const message = 'a request is one JSON object a frame, such as {"kind":"watch-runs"}';
      void send({ kind: 'problem', reason: 'bad-request', message });
    } else if (request.kind === 'unwatch') {
      unwatch(request.id);
    } else if (watches.size >= mostWatches) {
      const message = `a connection may watch at most ${mostWatches} things: unwatch some, or open another`;
      void send({ kind: 'problem', reason: 'too-many-watches', message });
    } else {
      start(watchOf(context, request));
    }
  });

  /** Asking again for the same thing starts it anew, from where the client now stands. */
  function start(watch: Watch): void {
    unwatch(watch.id);
    let isStopped = false;
    let lastAt = Number.NEGATIVE_INFINITY;
    const pump = startPump({
      name: `live ${watch.kind}`,
      log: context.log,
      async work() {
        const earlyMs = watch.restMs - (performance.now() - lastAt);
        if (earlyMs > 0) await new Promise((resolve) => setTimeout(resolve, earlyMs));
        const lookedAt = performance.now();
        await watch.bringUp((message) => {
          lastAt = lookedAt; // a look that found nothing does not hold up the next one
          return isStopped ? Promise.resolve(false) : send(message);
        });
        return lookEveryMs;
      },
    });
    watches.set(watch.id, {
      watch,
      pump: {
        wake: pump.wake,
        close() {
          isStopped = true;
          return pump.close();
        },
      },
    });
  }

  function unwatch(id: string): void {
    void watches.get(id)?.pump.close();
    watches.delete(id);
  }

  /** Waits while the client is slow; false when it is gone. */
  async function send(message: LiveMessage): Promise<boolean> {
    if (socket.readyState !== socket.OPEN) return false;
    const flushed = new Promise<boolean>((resolve) => {
      socket.send(JSON.stringify(message), (error) => resolve(error === undefined || error === null));
    });
    return socket.bufferedAmount > highWaterBytes ? flushed : true;
  }

  return {
    close() {
      stopListening();
      for (const id of watches.keys()) unwatch(id);
    },
  };
}

function parseRequest(text: string): LiveRequest | null {
  try {
    return liveRequest.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

function watchOf(context: ServerContext, request: Exclude<LiveRequest, { kind: 'unwatch' }>): Watch {
  switch (request.kind) {
    case 'watch-runs':
      return watchRuns(context.db, context.now);
    case 'watch-run':
      return watchRun(context.db, request.runId, context.now);
    case 'watch-rollout':
      return watchRollout(context.db, request.rolloutId);
    case 'watch-log':
      return watchLog(context.db, request.attemptId, request.from);
    default:
      return unreachable(request);
  }
}
