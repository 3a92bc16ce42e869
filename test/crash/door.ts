// Stands before the server's HTTP door and holds back single requests or answers, so that a test can stop time between
// "the server has done it" and "the caller knows".
import { Agent, createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http';
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
}

interface Hold {
  readonly side: 'request' | 'answer';
  readonly fits: (call: Call) => boolean | Promise<boolean>;
  readonly caught: (call: Call) => void;
  readonly released: Promise<'go-on' | 'lost'>;
}

export async function openDoor(serverPort: number): Promise<Door> {
  const holds = new Set<Hold>();
  const agent = new Agent({ keepAlive: true });
  const wait = async (side: Hold['side'], call: Call): Promise<void> => {
    for (const hold of holds) {
      if (hold.side !== side || !(await hold.fits(call))) continue;
      hold.caught(call);
      if ((await hold.released) === 'lost') throw new Error('lost');
    }
  };
  const pass = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const body = await bodyOf(incoming);
    const call = { line: `${incoming.method ?? ''} ${incoming.url ?? ''}`, body: body.toString('utf8') };
    await wait('request', call);
    if (outgoing.destroyed) return;
    const answer = await forward(incoming, body, serverPort, agent);
    await wait('answer', call);
    outgoing.writeHead(answer.status, answer.headers);
    outgoing.end(answer.body);
  };
  const server = createServer((incoming, outgoing) => {
    pass(incoming, outgoing).catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const hold = (side: Hold['side'], fits: Hold['fits']): Held => {
    let caught: (call: Call) => void = () => undefined;
    let end: (how: 'go-on' | 'lost') => void = () => undefined;
    const reached = new Promise<Call>((resolve) => (caught = resolve));
    const released = new Promise<'go-on' | 'lost'>((resolve) => (end = resolve));
    const entry = { side, fits, caught, released };
    holds.add(entry);
    const finish = (how: 'go-on' | 'lost') => (): void => {
      holds.delete(entry);
      end(how);
    };
    return { reached, release: finish('go-on'), lose: finish('lost') };
  };
  return {
    port: portOf(server),
    holdRequests: (fits) => hold('request', fits),
    holdAnswers: (fits) => hold('answer', fits),
    [Symbol.asyncDispose]: async () => {
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
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

function forward(incoming: IncomingMessage, body: Buffer, port: number, agent: Agent): Promise<Answer> {
  const { method, url, headers } = incoming;
  return new Promise((resolve, reject) => {
    const outgoing = send({ host: '127.0.0.1', port, method, path: url, headers, agent }, (answer) => {
      bodyOf(answer).then(
        (read) => resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body: read }),
        reject,
      );
    });
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

/** A claim of an attempt, alone or in company. */
export const isClaim = ({ line, body }: Call): boolean =>
  line === 'POST /worker/claims' || (line === 'POST /worker/exchange' && body.startsWith('{"claims":[{'));

/** Records of an attempt that say so, alone or in company. */
export const reports =
  (text: string) =>
  ({ line, body }: Call): boolean =>
    (line.endsWith('/records') || line === 'POST /worker/exchange') && body.includes(text);
