import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { ServerContext } from '../context.ts';
import { liveClients } from '../orchestrator/metrics.ts';
import { openLiveConnection, type LiveConnection } from './live-connection.ts';

const largestRequestBytes = 64 * 1024;
const pingEveryMs = 30_000;
/** A client that reads slowly answers late; one that is gone never does. */
const missedPongs = 3;

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
    socket.on('error', () => socket.destroy());
    if (new URL(request.url ?? '/', 'http://localhost').pathname !== '/live') {
      refuse(socket, '404 Not Found');
      return;
    }
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

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function keepAlive(socket: WebSocket): () => void {
  let unanswered = 0;
  socket.on('pong', () => (unanswered = 0));
  const timer = setInterval(() => {
    if (unanswered >= missedPongs) {
      socket.terminate();
      return;
    }
    unanswered++;
    socket.ping();
  }, pingEveryMs);
  return () => clearInterval(timer);
}
