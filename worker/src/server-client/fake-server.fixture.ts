// A server's `/worker/*` door for tests: keeps what it is sent, and misbehaves as the test says.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  recordBatch,
  type Claim,
  type HeldAttempts,
  type WorkerRecord,
} from '@sluice/pipelines/protocol/worker-api';

export interface FakeServer {
  readonly url: string;
  /** Records by attempt, each number once; the test fails when numbers have a gap. */
  readonly records: (attemptId: string) => readonly WorkerRecord[];
  /** Numbers that came more than once. */
  readonly repeated: number[];
  readonly claims: unknown[];
  /** What is answered to a claim. */
  claim: Claim | 'held' | 'over';
  /** Called for each request; a status other than null is answered instead of doing anything. */
  failWith: (path: string) => number | null;
  /** Accepts at most so many records of a batch. */
  acceptAtMost: number;
  /** In every acknowledgement and heartbeat of this attempt. */
  cancel: { readonly attemptId: string; readonly reason: string } | null;
  lost: string[];
  /** What the server believes the worker to hold. */
  held: HeldAttempts['attempts'];
  /** Closes the port; `open` opens the same one again. */
  readonly close: () => Promise<void>;
  readonly open: () => Promise<void>;
  readonly finished: (attemptId: string) => Promise<Extract<WorkerRecord, { kind: 'finished' }>>;
}

export const workerToken = 'the-token-of-workers';

export async function startFakeServer(): Promise<FakeServer> {
  const stored = new Map<string, WorkerRecord[]>();
  const waiters: (() => void)[] = [];
  let http: Server | null = null;
  let port = 0;

  const take = (attemptId: string, body: unknown): object => {
    const batch = recordBatch.parse(body);
    const records = stored.get(attemptId) ?? [];
    stored.set(attemptId, records);
    for (const record of batch.records.slice(0, fake.acceptAtMost)) {
      if (record.number <= records.length) fake.repeated.push(record.number);
      else if (record.number > records.length + 1) throw new Error(`gap before record ${record.number}`);
      else records.push(record);
    }
    for (const wake of waiters.splice(0)) wake();
    const cancel = fake.cancel?.attemptId === attemptId ? fake.cancel.reason : null;
    return { acknowledged: records.length, cancel };
  };
  const answer = (path: string, body: unknown): object => {
    const attemptId = /^\/worker\/attempts\/([^/]+)\/records$/.exec(path)?.[1];
    if (attemptId !== undefined) return take(attemptId, body);
    if (path === '/worker/claims') {
      fake.claims.push(body);
      return typeof fake.claim === 'string'
        ? { kind: 'refused', reason: fake.claim }
        : { kind: 'claimed', claim: fake.claim };
    }
    if (path === '/worker/held') return { attempts: fake.held };
    return { cancel: fake.cancel === null ? [] : [fake.cancel], lost: fake.lost };
  };

  const fake: FakeServer = {
    get url() {
      return `http://127.0.0.1:${port}`;
    },
    records: (attemptId) => stored.get(attemptId) ?? [],
    repeated: [],
    claims: [],
    claim: 'over',
    failWith: () => null,
    acceptAtMost: Infinity,
    cancel: null,
    lost: [],
    held: [],
    open: async () => {
      const server = createServer((request, response) => {
        readBody(request)
          .then((body) => {
            const status = fake.failWith(request.url ?? '');
            const isKnown = request.headers.authorization === `Bearer ${workerToken}`;
            if (!isKnown || status !== null)
              response.writeHead(status ?? 401).end('{"reason":"test","message":"as the test says"}');
            else response.end(JSON.stringify(answer(request.url ?? '', body)));
          })
          .catch((error: unknown) => response.writeHead(400).end(String(error)));
      });
      await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
      port = portOf(server);
      http = server;
    },
    close: async () => {
      const server = http;
      server?.closeAllConnections();
      await new Promise<void>((resolve) => (server === null ? resolve() : server.close(() => resolve())));
    },
    finished: async (attemptId) => {
      for (;;) {
        const last = stored.get(attemptId)?.at(-1);
        if (last?.kind === 'finished') return last;
        await new Promise<void>((resolve) => waiters.push(resolve));
      }
    },
  };
  await fake.open();
  return fake;
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString());
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('the fake server has no port');
  return address.port;
}
