// Which attempts of this worker a person may open a shell in: those whose steps run, and failed ones whose container
// is held. A hold ends at its time, when nobody wants it any more, or with this process, whichever is first.
import type { HeartbeatAnswer } from '@sluice/pipelines/protocol/worker-api';
import type { ShellEnd } from '@sluice/pipelines/protocol/shell';
import type { Logger } from 'pino';
import type { ServerClient } from '../server-client/server-client.ts';
import { connectShell } from './connect-shell.ts';
import type { ShellPlace } from './shell-place.ts';

export interface Hold {
  readonly attemptId: string;
  readonly fence: number;
  readonly forMs: number;
  /** Removes the container and the attempt's folders. */
  readonly remove: (reason: ShellEnd['reason']) => Promise<void>;
}

export interface ShellHost {
  /** From here on shells may be opened there, until `closed` aborts. */
  readonly serve: (place: ShellPlace) => void;
  /** True: the server agrees, and the container now belongs to the hold. Never rejects. */
  readonly hold: (hold: Hold) => Promise<boolean>;
  readonly held: () => readonly string[];
  /** Does what a heartbeat's answer says of shells. */
  readonly heed: (answer: Pick<HeartbeatAnswer, 'release' | 'shells'>) => void;
  /** Removes everything that is held. */
  readonly close: () => Promise<void>;
}

export interface ShellHostOptions {
  readonly server: Pick<ServerClient, 'hold' | 'holdEnded'>;
  readonly serverUrl: string;
  readonly workerToken: string;
  readonly workerId: string;
  readonly log: Logger;
}

export function createShellHost(options: ShellHostOptions): ShellHost {
  const { server, workerId, log } = options;
  const places = new Map<string, ShellPlace>();
  const holds = new Map<string, { readonly hold: Hold; readonly timer: NodeJS.Timeout }>();
  const offers = new Map<string, HeartbeatAnswer['shells'][number]>();
  let isClosing = false;

  const release = async (attemptId: string, why: string): Promise<void> => {
    const held = holds.get(attemptId);
    if (held === undefined) return;
    holds.delete(attemptId);
    clearTimeout(held.timer);
    try {
      await held.hold.remove('released');
      log.info({ attemptId, why }, 'what was kept for a shell is removed');
    } catch (error) {
      log.error({ err: error, attemptId }, 'what was kept for a shell could not be removed');
    }
    await server.holdEnded(attemptId, { workerId, reason: why }).catch(() => undefined); // the heartbeat says it too
  };

  /** A newer token makes an older one worthless: refused with one, we come again with the other. */
  const connect = async (sessionId: string): Promise<void> => {
    for (let offer = offers.get(sessionId); offer !== undefined;) {
      const wasReached = await connectShell(offer, places.get(offer.attemptId) ?? null, options);
      const newest = offers.get(sessionId);
      offer = wasReached || newest === offer ? undefined : newest;
    }
    offers.delete(sessionId);
  };

  return {
    serve: (place) => {
      places.set(place.attemptId, place);
      place.closed.addEventListener('abort', () => {
        if (places.get(place.attemptId) === place) places.delete(place.attemptId);
      });
    },
    hold: async (hold) => {
      if (isClosing) return false;
      const { attemptId, fence } = hold;
      try {
        const { forMs } = await server.hold(attemptId, { workerId, fence, forMs: hold.forMs });
        const timer = setTimeout(() => void release(attemptId, 'its time is over'), forMs);
        holds.set(attemptId, { hold, timer });
        return true;
      } catch (error) {
        log.warn({ attemptId }, `hold: ${error instanceof Error ? error.message : String(error)}`);
        return false;
      }
    },
    held: () => [...holds.keys()],
    heed: (answer) => {
      for (const attemptId of answer.release) void release(attemptId, 'nobody wants it any more');
      for (const offer of answer.shells) {
        const isUnderWay = offers.has(offer.sessionId);
        offers.set(offer.sessionId, offer);
        if (!isUnderWay) void connect(offer.sessionId);
      }
    },
    close: async () => {
      isClosing = true;
      await Promise.all([...holds.keys()].map((attemptId) => release(attemptId, 'the worker stops')));
    },
  };
}
