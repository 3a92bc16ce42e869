// A network between a browser and a server that can be cut: the live connections break as they do when a cable is
// pulled, without a goodbye. Plain requests pass untouched.
import { connect, createServer, type Socket } from 'node:net';
import { freePort } from '@sluice/server/embedded/free-port';

export interface CutNetwork extends AsyncDisposable {
  readonly url: string;
  /** Breaks every open WebSocket, in both directions. */
  readonly cut: () => void;
  /** WebSockets that were opened so far. */
  readonly opened: () => number;
}

export async function startCutNetwork(target: string): Promise<CutNetwork> {
  const { hostname, port: targetPort } = new URL(target);
  const port = await freePort();
  const all = new Set<Socket>();
  const live = new Set<Socket>();
  let opened = 0;
  const proxy = createServer((near) => {
    const far = connect(Number(targetPort), hostname);
    for (const socket of [near, far]) {
      all.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => {
        all.delete(socket);
        live.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.on('data', (bytes: Buffer) => {
      if (live.has(near) || !/^upgrade: websocket/im.test(bytes.toString('latin1'))) return;
      opened += 1;
      live.add(near);
    });
    near.pipe(far);
    far.pipe(near);
  });
  await new Promise<void>((resolve) => proxy.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${port}`,
    cut: () => {
      for (const socket of live) socket.destroy();
    },
    opened: () => opened,
    [Symbol.asyncDispose]: async () => {
      for (const socket of all) socket.destroy();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}
