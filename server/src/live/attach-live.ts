import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { ServerContext } from '../context.ts';
import { liveClients } from '../orchestrator/metrics.ts';
import { keepAlive, pathOf, refuse } from './upgrade.ts';
import { openLiveConnection, type LiveConnection } from './live-connection.ts';

const largestRequestBytes = 64 * 1024;

/**
 * Serves the WebSocket at `/live`. `authenticate` gives the user of an upgrade request, or null to refuse it.
 * Closing ends every connection; the HTTP server stays the caller's.
 */
export function attachLive(
  httpServer: Server,
  context: ServerContext,
  authenticate: (request: IncomingMessage) => Promise<string | null>,
): { close(): Promise<void> } {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: largestRequestBytes });
  const open = new Map<WebSocket, LiveConnection>();

  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (pathOf(request) !== '/live') return;
    socket.on('error', () => socket.destroy());
    authenticate(request).then(
      (user) => {
        if (user === null) refuse(socket, '401 Unauthorized');
        else sockets.handleUpgrade(request, socket, head, accept);
      },
      (error: unknown) => {
        context.log.error({ err: error }, 'a live connection could not be authenticated');
        refuse(socket, '500 Internal Server Error');
      },
    );
  };

  function accept(socket: WebSocket): void {
    const connection = openLiveConnection(context, socket);
    open.set(socket, connection);
    liveClients.inc();
    const stopPinging = keepAlive(socket);
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      stopPinging();
      open.delete(socket);
      liveClients.dec();
      connection.close();
    });
  }

  httpServer.on('upgrade', upgrade);
  return {
    close() {
      httpServer.off('upgrade', upgrade);
      for (const socket of open.keys()) socket.close(1001, 'the server goes away');
      const cut = setTimeout(() => sockets.clients.forEach((socket) => socket.terminate()), 1_000);
      return new Promise((resolve) => {
        const whenEmpty = setInterval(() => {
          if (open.size > 0) return;
          clearInterval(whenEmpty);
          clearTimeout(cut);
          sockets.close();
          resolve();
        }, 10);
      });
    },
  };
}
