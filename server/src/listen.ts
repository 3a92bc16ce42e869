import type { Server } from 'node:http';
import type { ServerConfig } from './config.ts';

/** Resolves to the address that the server then listens on. Rejects with what to do when the port is taken. */
export function listen(server: Server, { host, port }: Pick<ServerConfig, 'host' | 'port'>): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(`Port ${port} of ${host} is taken: end the other program, or set SLUICE_PORT.`)
          : error,
      ),
    );
    server.listen(port, host, () => {
      const address = server.address();
      const bound = address !== null && typeof address === 'object' ? address.port : port;
      resolve(`http://${host.includes(':') ? `[${host}]` : host}:${bound}`);
    });
  });
}

const lastAnswersMs = 5_000;

/** Requests under way may end; after a while they are cut off. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), lastAnswersMs);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}
