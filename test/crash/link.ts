// The network between two processes: a relay that a test may cut, slow down or freeze. It carries bytes and knows no
// protocol; one end may be a TCP port or a Unix socket.
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** `{ port }` on 127.0.0.1, or a Unix socket's path. */
export type Place = { readonly port: number } | { readonly path: string };

export interface Link extends AsyncDisposable {
  readonly name: string;
  readonly place: Place;
  /** Breaks every connection and refuses new ones until `heal`. */
  readonly cut: () => void;
  /** From now on every piece of data takes this long, and no more than so many bytes a second pass in each direction. */
  readonly slow: (how: { readonly latencyMs: number; readonly bytesPerSecond: number }) => void;
  /** Connections stay, but nothing passes in either direction until `heal`. */
  readonly freeze: () => void;
  /** Freezes when the near end has said something that fits. */
  readonly freezeOn: (pattern: RegExp) => void;
  readonly isFrozen: () => boolean;
  readonly heal: () => void;
}

type State =
  | { readonly kind: 'open' }
  | { readonly kind: 'cut' }
  | { readonly kind: 'frozen' }
  | { readonly kind: 'slow'; readonly latencyMs: number; readonly bytesPerSecond: number };

export async function openLink(name: string, near: Place, far: Place): Promise<Link> {
  let state: State = { kind: 'open' };
  let trap: RegExp | null = null;
  let wake: () => void = () => undefined;
  let healed = new Promise<void>((resolve) => (wake = resolve));
  const sockets = new Set<Socket>();

  const pass = async (chunk: Buffer): Promise<void> => {
    if (trap?.test(chunk.toString('latin1')) === true) {
      trap = null;
      state = { kind: 'frozen' };
    }
    if (state.kind === 'slow') await sleep(state.latencyMs + (chunk.length / state.bytesPerSecond) * 1_000);
    while (state.kind === 'frozen') await healed;
  };
  const relay = async (from: Socket, to: Socket): Promise<void> => {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      await pass(chunk);
      if (to.destroyed) return;
      if (!to.write(chunk))
        await new Promise<void>((resolve) => to.once('drain', resolve).once('close', resolve));
    }
    to.end();
  };
  const server: Server = createServer({ allowHalfOpen: true }, (client) => {
    if (state.kind === 'cut') {
      client.destroy();
      return;
    }
    const target = createConnection({ ...far, allowHalfOpen: true });
    for (const [one, other] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.once('close', (hadError) => {
        sockets.delete(one);
        if (hadError) other.destroy();
      });
      relay(one, other).catch(() => other.destroy());
    }
  });
  await listen(server, near);
  const change = (next: State): void => {
    state = next;
    trap = null;
    wake();
    healed = new Promise((resolve) => (wake = resolve));
  };
  const breakAll = (): void => sockets.forEach(breakOff);
  return {
    name,
    place: 'path' in near ? near : { port: portOf(server) },
    cut: () => {
      change({ kind: 'cut' });
      breakAll();
    },
    slow: (how) => change({ kind: 'slow', ...how }),
    freeze: () => change({ kind: 'frozen' }),
    freezeOn: (pattern) => void (trap = pattern),
    isFrozen: () => state.kind === 'frozen',
    heal: () => change({ kind: 'open' }),
    [Symbol.asyncDispose]: async () => {
      change({ kind: 'cut' });
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Only TCP knows a reset. */
function breakOff(socket: Socket): void {
  if (socket.remotePort === undefined) socket.destroy();
  else socket.resetAndDestroy();
}

export function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it listens on no port');
  return address.port;
}

export function portOfLink({ place, name }: Link): number {
  if ('port' in place) return place.port;
  throw new Error(`${name} listens on no port`);
}

function listen(server: Server, place: Place): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    if ('path' in place) server.listen(place.path, () => resolve());
    else server.listen(place.port, '127.0.0.1', () => resolve());
  });
}
