// Containers of the engine, with HAProxy before them, which also measures them.
import { freePort } from '@sluice/server/embedded/free-port';
import { port, type Place } from './place.ts';

export async function dockerPlace(): Promise<Place> {
  const listenPort = await freePort();
  return {
    provider: 'haproxy',
    environment: {
      kind: 'docker',
      service: `trials-${process.pid}`,
      listenHost: '127.0.0.1',
      listenPort,
    },
    deployKeys: [`container: { port: ${port}, replicas: 2, health: /healthz }`],
    gateKeys: [],
    files: {},
    weights: [5, 25, 50],
    strategies: ['ab'],
    seesSlowness: false,
    address: () => `http://127.0.0.1:${listenPort}/`,
    keepAlive: true,
    [Symbol.asyncDispose]: () => Promise.resolve(), // the installation's own end removes the service
  };
}
