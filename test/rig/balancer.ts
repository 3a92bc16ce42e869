// A TCP balancer as simple as can be: each new connection goes to the next server that says it is ready.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Balancer extends AsyncDisposable {
  readonly port: number;
}

const lookEveryMs = 100;

/** Asks `/readyz` of each of `ports` all the while. A connection waits while none is ready. */
export async function openBalancer(ports: readonly number[]): Promise<Balancer> {
  let ready: readonly number[] = [];
  let turn = 0;
  const closing = new AbortController();
  const rest = (): Promise<void> =>
    sleep(lookEveryMs, undefined, { signal: closing.signal }).catch(() => undefined);
  const look = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      const asked = await Promise.all(ports.map(async (port) => ((await isReady(port)) ? [port] : [])));
      ready = asked.flat();
      await rest();
    }
  };
  const sockets = new Set<Socket>();
  const take = async (client: Socket): Promise<void> => {
    client.on('error', () => undefined); // `close` comes after it
    while (ready.length === 0 && !closing.signal.aborted) await rest();
    turn += 1;
    const first = turn % Math.max(1, ready.length);
    await relay(client, [...ready.slice(first), ...ready.slice(0, first)], sockets);
  };
  const server = createServer((client) => void take(client));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const looking = look();
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      closing.abort();
      await looking;
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** To the first of `ports` that takes the connection: one may have closed its door since it was asked. */
async function relay(client: Socket, ports: readonly number[], sockets: Set<Socket>): Promise<void> {
  for (const port of ports) {
    const upstream = connect(port, '127.0.0.1');
    const isTaken = await once(upstream, 'connect').then(
      () => true,
      () => false,
    );
    if (!isTaken) continue;
    upstream.on('error', () => undefined);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.pipe(to);
      from.once('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
    if (client.destroyed) upstream.destroy();
    return;
  }
  client.destroy();
}

function isReady(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(2_000) }).then(
    (answer) => answer.ok,
    () => false,
  );
}
