// What every WebSocket door of the server needs.
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

const pingEveryMs = 30_000;
/** A client that reads slowly answers late; one that is gone never does. */
const missedPongs = 3;

export const pathOf = (request: IncomingMessage): string =>
  new URL(request.url ?? '/', 'http://localhost').pathname;

/** Answers an upgrade request with a plain HTTP status. */
export function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

/** Refuses upgrades to paths that no door knows; `prefixes` are those that one knows. */
export function refuseOtherUpgrades(httpServer: Server, prefixes: readonly string[]): void {
  httpServer.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    const path = pathOf(request);
    if (!prefixes.some((prefix) => path.startsWith(prefix))) refuse(socket, '404 Not Found');
  });
}

/** Ends a connection whose other side is silent; returns what stops it. */
export function keepAlive(socket: WebSocket): () => void {
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
