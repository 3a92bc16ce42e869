// Stands before an HTTP server and holds back single requests or answers, so that a test can stop time between "the
// server has done it" and "the caller knows".
import http, { type IncomingMessage, type RequestOptions, type ServerResponse } from 'node:http';
import https from 'node:https';
import { connect, type Socket } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import { exchange } from '@sluice/pipelines/protocol/worker-api';
import { portOf } from './link.ts';

export interface Call {
  /** Such as `POST /worker/claims`. */
  readonly line: string;
  readonly body: string;
}

export interface Held {
  /** Resolves when the first call stands at the door. */
  readonly reached: Promise<Call>;
  /** Lets every call that was held go on, and holds no more. */
  readonly release: () => void;
  /** Breaks the connections of the calls that were held, as if what was on its way had died with them. */
  readonly lose: () => void;
}

export interface Door extends AsyncDisposable {
  readonly port: number;
  /** Keeps requests that fit from the server. */
  readonly holdRequests: (fits: (call: Call) => boolean | Promise<boolean>) => Held;
  /** Lets requests that fit through, and keeps the server's answers from the caller. */
  readonly holdAnswers: (fits: (call: Call) => boolean | Promise<boolean>) => Held;
  /** What the server had answered before it died does not outlive it: breaks the connections of the calls that are held now. */
  readonly breakAll: () => void;
}

/** A door and a server behind it that speak TLS: the door shows the server's certificate, and has a client's of its own. */
export interface DoorTls {
  readonly ca: string;
  readonly server: { readonly cert: string; readonly key: string };
  readonly client: { readonly cert: string; readonly key: string };
}

interface Hold {
  readonly side: 'request' | 'answer';
  readonly fits: (call: Call) => boolean | Promise<boolean>;
  readonly caught: (call: Call) => void;
  /** For a call that is held now. */
  readonly released: () => Promise<'go-on' | 'lost'>;
}

export async function openDoor(serverPort: number, tls: DoorTls | null = null): Promise<Door> {
  const holds = new Set<Hold>();
  const breaks = new Set<() => void>();
  const secrets = tls === null ? {} : { ca: tls.ca, ...tls.client };
  const agent =
    tls === null ? new http.Agent({ keepAlive: true }) : new https.Agent({ keepAlive: true, ...secrets });
  const send = tls === null ? http.request : https.request;
  const wait = async (side: Hold['side'], call: Call): Promise<void> => {
    for (const hold of holds) {
      if (hold.side !== side || !(await hold.fits(call))) continue;
      hold.caught(call);
      if ((await hold.released()) === 'lost') throw new Error('lost');
    }
  };
  const pass = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const body = await bodyOf(incoming);
    const call = { line: `${incoming.method ?? ''} ${incoming.url ?? ''}`, body: body.toString('utf8') };
    await wait('request', call);
    if (outgoing.destroyed) return;
    const answer = await forward(send, incoming, body, { port: serverPort, agent });
    await wait('answer', call);
    outgoing.writeHead(answer.status, answer.headers);
    outgoing.end(answer.body);
  };
  const answerCall = (incoming: IncomingMessage, outgoing: ServerResponse): void =>
    void pass(incoming, outgoing).catch(() => outgoing.destroy());
  const server =
    tls === null ? http.createServer(answerCall) : https.createServer({ ...tls.server }, answerCall);
  const upgraded = new Set<Socket>();
  server.on('upgrade', (incoming: IncomingMessage, near: Socket, head: Buffer) => {
    const place = { port: serverPort, host: '127.0.0.1' };
    const far = tls === null ? connect(place) : connectSecurely({ ...place, ...secrets });
    far.write(Buffer.concat([Buffer.from(headOf(incoming)), head]));
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      upgraded.add(one);
      one.on('error', () => other.destroy());
      one.once('close', () => {
        upgraded.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const hold = (side: Hold['side'], fits: Hold['fits']): Held => {
    let caught: (call: Call) => void = () => undefined;
    const reached = new Promise<Call>((resolve) => (caught = resolve));
    let now = anEnd();
    const entry = { side, fits, caught, released: () => now.promise };
    holds.add(entry);
    /** Those that come later, as when the server is there again, are held like the ones before. */
    const breakOff = (): void => {
      const { resolve } = now;
      now = anEnd();
      resolve('lost');
    };
    breaks.add(breakOff);
    const finish = (how: 'go-on' | 'lost') => (): void => {
      holds.delete(entry);
      breaks.delete(breakOff);
      now.resolve(how);
    };
    return { reached, release: finish('go-on'), lose: finish('lost') };
  };
  return {
    port: portOf(server),
    holdRequests: (fits) => hold('request', fits),
    holdAnswers: (fits) => hold('answer', fits),
    breakAll: () => breaks.forEach((breakOff) => breakOff()),
    [Symbol.asyncDispose]: async () => {
      agent.destroy();
      for (const socket of upgraded) socket.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type How = 'go-on' | 'lost';

function anEnd(): { readonly promise: Promise<How>; readonly resolve: (how: How) => void } {
  let resolve: (how: How) => void = () => undefined;
  return { promise: new Promise<How>((settle) => (resolve = settle)), resolve: (how) => resolve(how) };
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

function forward(
  send: typeof http.request,
  { method, url, headers }: IncomingMessage,
  body: Buffer,
  place: RequestOptions,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = send({ host: '127.0.0.1', ...place, method, path: url, headers }, (answer) => {
      bodyOf(answer).then(
        (read) => resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body: read }),
        reject,
      );
    });
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

/** The beginning of a request as it came. */
function headOf({ method, url, httpVersion, rawHeaders }: IncomingMessage): string {
  const lines = [`${method ?? 'GET'} ${url ?? '/'} HTTP/${httpVersion}`];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2)
    lines.push(`${rawHeaders[at] ?? ''}: ${rawHeaders[at + 1] ?? ''}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** A claim of an attempt, alone or in company. */
export const isClaim = ({ line, body }: Call): boolean =>
  line === 'POST /worker/claims' || (line === 'POST /worker/exchange' && body.startsWith('{"claims":[{'));

/** Records of an attempt that say so, alone or in company. */
export const reports =
  (text: string) =>
  ({ line, body }: Call): boolean =>
    (line.endsWith('/records') || line === 'POST /worker/exchange') && body.includes(text);

/** Like `reports`, of this attempt alone: what another one says again may travel in the same company. */
export const reportsOf =
  (attemptId: string, text: string) =>
  ({ line, body }: Call): boolean => {
    if (line === `POST /worker/attempts/${attemptId}/records`) return body.includes(text);
    if (line !== 'POST /worker/exchange') return false;
    const { reports: all } = exchange.parse(JSON.parse(body));
    return all
      .map((each) => JSON.stringify(each))
      .some((each) => each.includes(`"${attemptId}"`) && each.includes(text));
  };
