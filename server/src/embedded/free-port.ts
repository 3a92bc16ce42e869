import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Below the ports that a system lends to outgoing connections (Linux from 32768, others from 49152) and the node ports
 * of Kubernetes (from 30000): one of those could be somebody's connection at the moment when the program that listened
 * on it starts again.
 */
const lowest = 20_000;
const beyond = 30_000;
const mostTries = 200;

/** A TCP port of 127.0.0.1 that nothing listens on at this moment, and that stays free while its program is away. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < mostTries; tries += 1) {
    const port = randomInt(lowest, beyond);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free TCP port was found on 127.0.0.1 from ${lowest} to ${beyond - 1}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => {
      if ('code' in error && error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
