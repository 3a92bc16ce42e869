// Serves the built page with a made-up world behind it, under the same content policy as the real server.
// For looking at every screen and for tests without an engine; listens on the loopback address only.
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { answerApi, type ApiRequest } from './fixture-api.ts';
import { serveLive, type LiveFeed } from './fixture-live.ts';
import { serveShells, type ShellDoor } from './fixture-shell.ts';
import { emptyWorld, fullWorld, type World } from './fixture-world.ts';

/** `failing`: every list answers an error; `signed-out`: nobody has a session. */
export type FixtureMode = 'full' | 'empty' | 'failing' | 'signed-out';

export interface FixtureServer {
  readonly url: string;
  readonly world: World;
  readonly live: LiveFeed;
  readonly shells: ShellDoor;
  /** Everything that the page asked to change, in order. */
  readonly changes: readonly ApiRequest[];
  readonly close: () => Promise<void>;
}

export const contentPolicy =
  "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

export async function startFixtureServer(options: {
  readonly mode: FixtureMode;
  readonly port?: number;
}): Promise<FixtureServer> {
  const world = options.mode === 'empty' ? emptyWorld() : fullWorld(Date.now());
  const changes: ApiRequest[] = [];
  const server = createServer((request, response) => {
    response.setHeader('Content-Security-Policy', contentPolicy);
    const address = new URL(request.url ?? '/', 'http://localhost');
    if (!address.pathname.startsWith('/api/')) return sendFile(address.pathname, response);
    void readBody(request).then((body) => {
      const asked = {
        method: request.method ?? 'GET',
        path: address.pathname,
        query: address.searchParams,
        body,
      };
      if (asked.method !== 'GET') changes.push(asked);
      const { status, body: answer } = refusal(options.mode, asked) ?? answerApi(world, asked);
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer));
    });
  });
  const live = serveLive(server, world);
  const shells = serveShells(server);
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    world,
    live,
    shells,
    changes,
    close: async () => {
      live.cut();
      shells.cut();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function refusal(mode: FixtureMode, { method, path: address }: ApiRequest) {
  if (mode === 'signed-out')
    return {
      status: 401,
      body: { reason: method === 'GET' ? 'signed-out' : 'token-refused', message: 'Sign in first.' },
    };
  if (mode === 'failing' && address !== '/api/session')
    return {
      status: 500,
      body: {
        reason: 'database-unreachable',
        message: 'PostgreSQL at 127.0.0.1:5433 does not answer. Start it; the server reconnects by itself.',
      },
    };
  return null;
}

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const kinds: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

/** Every address that is not a file is one of the page's own. */
function sendFile(address: string, response: ServerResponse): void {
  const asked = path.join(dist, path.normalize(address));
  const isFile = asked.startsWith(dist) && existsSync(asked) && statSync(asked).isFile();
  const file = isFile ? asked : path.join(dist, 'index.html');
  response.setHeader('content-type', kinds[path.extname(file)] ?? 'application/octet-stream');
  createReadStream(file).pipe(response);
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  const text = Buffer.concat(chunks).toString('utf8');
  return text === '' ? null : (JSON.parse(text) as unknown);
}
