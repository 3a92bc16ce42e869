// What steps talk to: they count their effects here and wait here until the test lets them go on.
//
//   GET /effect/<name>   counts one, 200
//   GET /open/<name>     200 when the gate is open, 404 while it is closed
import { createServer } from 'node:http';
import { portOf } from './link.ts';

export interface Gates extends AsyncDisposable {
  readonly port: number;
  readonly open: (name: string) => void;
  readonly count: (name: string) => number;
  /** Names of all effects that begin so, with their counts. */
  readonly effects: (prefix: string) => Readonly<Record<string, number>>;
}

export async function openGates(): Promise<Gates> {
  const opened = new Set<string>();
  const counts = new Map<string, number>();
  const server = createServer((request, response) => {
    const [, kind, name = ''] = (request.url ?? '').split('/');
    if (kind === 'effect') counts.set(name, (counts.get(name) ?? 0) + 1);
    response.writeHead(kind === 'effect' || opened.has(name) ? 200 : 404, { connection: 'close' }).end('\n');
  });
  // Containers reach it by the address of their bridge.
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', () => resolve()));
  return {
    port: portOf(server),
    open: (name) => void opened.add(name),
    count: (name) => counts.get(name) ?? 0,
    effects: (prefix) => Object.fromEntries([...counts].filter(([name]) => name.startsWith(prefix))),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
