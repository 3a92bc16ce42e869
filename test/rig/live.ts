// A viewer of `/live` for tests: follows a log by number, may be cut at any moment and goes on where it was.
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { NumberedLine } from '@sluice/pipelines/protocol/api';
import type { LiveMessage, LiveRequest } from '@sluice/pipelines/protocol/live';
import type { ApiClient } from '../../cli/src/api-client.ts';

export interface LiveViewer {
  readonly send: (request: LiveRequest) => void;
  /** Ends the connection as a broken network would: no goodbye. */
  readonly cut: () => void;
  /** Resolves when the connection has ended, whoever ended it. */
  readonly ended: Promise<void>;
}

export function openLive(api: ApiClient, onMessage: (message: LiveMessage) => void): Promise<LiveViewer> {
  const socket = new WebSocket(`${api.url.replace(/^http/, 'ws')}/live`, {
    headers: { authorization: `Bearer ${api.token}` },
  });
  socket.on('message', (data: Buffer) => onMessage(JSON.parse(data.toString('utf8')) as LiveMessage));
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('open', () =>
      resolve({
        send: (request) => socket.send(JSON.stringify(request)),
        cut: () => socket.terminate(),
        ended,
      }),
    );
  });
}

export interface LogFollower {
  /** Every line as it came, over however many connections; grows. */
  readonly lines: readonly NumberedLine[];
  readonly connections: () => number;
  /** Whether the log is proven, when it has ended; null: `until` came before. */
  readonly isVerified: Promise<boolean | null>;
}

/** Follows a log from its first line to its end; where the connection breaks, it connects again and goes on. */
export function followLog(api: ApiClient, attemptId: string, until: AbortSignal): LogFollower {
  const lines: NumberedLine[] = [];
  let connections = 0;
  let isVerified: boolean | null = null;
  let cut = (): void => undefined;
  const take = (message: LiveMessage): void => {
    if (message.kind === 'log') lines.push(...message.lines);
    if (message.kind !== 'log-complete') return;
    isVerified = message.verified;
    cut();
  };
  until.addEventListener('abort', () => cut(), { once: true });
  const follow = async (): Promise<boolean | null> => {
    for (; isVerified === null && !until.aborted; await sleep(50)) {
      const viewer = await openLive(api, take).catch(() => null);
      if (viewer === null) continue;
      connections += 1;
      cut = viewer.cut;
      viewer.send({ kind: 'watch-log', attemptId, from: (lines.at(-1)?.n ?? -1) + 1 });
      await viewer.ended;
    }
    return isVerified;
  };
  return { lines, connections: () => connections, isVerified: follow() };
}
