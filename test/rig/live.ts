// A viewer of `/live` for tests: follows a log by number, may be cut at any moment and goes on where it was.
import { WebSocket } from 'ws';
import type { LiveMessage, LiveRequest } from '@sluice/pipelines/protocol/live';
import type { ApiClient } from '../../cli/src/api-client.ts';

export interface LiveViewer {
  readonly send: (request: LiveRequest) => void;
  /** Ends the connection as a broken network would: no goodbye. */
  readonly cut: () => void;
}

export function openLive(api: ApiClient, onMessage: (message: LiveMessage) => void): Promise<LiveViewer> {
  const socket = new WebSocket(`${api.url.replace(/^http/, 'ws')}/live`, {
    headers: { authorization: `Bearer ${api.token}` },
  });
  socket.on('message', (data: Buffer) => onMessage(JSON.parse(data.toString('utf8')) as LiveMessage));
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('open', () =>
      resolve({
        send: (request) => socket.send(JSON.stringify(request)),
        cut: () => socket.terminate(),
      }),
    );
  });
}
