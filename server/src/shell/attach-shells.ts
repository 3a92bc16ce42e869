// Both doors of a shell: `/shell/:attemptId` for the person, `/worker/shells/:sessionId` for the worker. A session lives
// in the server that the person is on, so the worker has to come to that very server: it is told its address.
import {
  shellTokenHeader,
  terminalSize,
  type ShellEnd,
  type TerminalSize,
} from '@sluice/pipelines/protocol/shell';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { z } from 'zod';
import { readBearer } from '../auth/authenticate.ts';
import { hashToken, isSameSecret } from '../auth/token.ts';
import type { ServerContext } from '../context.ts';
import { keepAlive, pathOf, refuse } from '../live/upgrade.ts';
import { recordAudit } from '../store/audit-store.ts';
import { endShellSession, insertShellSession, spendShellToken } from '../store/shell-session-store.ts';
import { findShellPlace, type ShellPlace } from './find-shell-place.ts';
import { openShellSession, type ShellSession } from './shell-session.ts';
import { patienceMs } from './tell-worker.ts';

export interface ShellDoorOptions {
  /** The user of an upgrade request; null: nobody who may come in. */
  readonly authenticate: (request: IncomingMessage) => Promise<string | null>;
  readonly workerToken: string;
  /** Where workers reach this very server; null: they know an address that leads here. */
  readonly internalUrl: URL | null;
  readonly idleMs?: number;
}

const idleMs = 15 * 60_000;
const mostOfAttempt = 4;
const mostOfServer = 64;
const largestFrameBytes = 256 * 1024;

interface OpenShell {
  readonly attemptId: string;
  readonly session: ShellSession;
}

export function attachShells(
  httpServer: Server,
  context: ServerContext,
  options: ShellDoorOptions,
): { close(): Promise<void> } {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: largestFrameBytes });
  const open = new Map<string, OpenShell>();
  const pending = new Set<Promise<unknown>>();

  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const [, door, id] = /^\/(shell|worker\/shells)\/([^/]+)$/.exec(pathOf(request)) ?? [];
    if (door === undefined || id === undefined) return;
    socket.on('error', () => socket.destroy());
    const accept = (): Promise<WebSocket> =>
      new Promise((resolve) => sockets.handleUpgrade(request, socket, head, resolve));
    const entered = door === 'shell' ? enterPerson(request, id, accept) : enterWorker(request, id, accept);
    entered.then(
      (status) => status !== null && refuse(socket, status),
      (error: unknown) => {
        context.log.error({ err: error }, 'a shell could not be opened');
        refuse(socket, '500 Internal Server Error');
      },
    );
  };

  /** The status to refuse with; null: accepted. What cannot be opened is said over the socket, for browsers to read. */
  async function enterPerson(
    request: IncomingMessage,
    attemptId: string,
    accept: () => Promise<WebSocket>,
  ): Promise<string | null> {
    const user = await options.authenticate(request);
    if (user === null) return '401 Unauthorized';
    const size = sizeOf(request);
    if (size === null || !z.uuid().safeParse(attemptId).success) return '400 Bad Request';
    const place = await findShellPlace(context, attemptId);
    const person = await accept();
    const refusal = place.ok ? tooMany(attemptId) : place.error;
    if (refusal !== null || !place.ok) {
      person.send(JSON.stringify(refusal));
      person.close(1000);
      return null;
    }
    await begin(person, { attemptId, user, size, from: request.socket.remoteAddress ?? null }, place.value);
    return null;
  }

  async function begin(
    person: WebSocket,
    asked: {
      readonly attemptId: string;
      readonly user: string;
      readonly size: TerminalSize;
      readonly from: string | null;
    },
    place: ShellPlace,
  ): Promise<void> {
    const id = context.newId();
    const { attemptId, user: who, from } = asked;
    const stopPinging = keepAlive(person);
    const beganAt = context.now();
    const finish = async (reason: ShellEnd['reason']): Promise<void> => {
      stopPinging();
      open.delete(id);
      const at = context.now();
      await endShellSession(context.db, id, { at, reason });
      const detail = { ...detailOf(place), seconds: Math.round((at - beganAt) / 1_000), reason };
      await recordAudit(context.db, { who, from, what: 'shell-closed', target: attemptId, detail, at });
    };
    const session = openShellSession(person, {
      size: asked.size,
      patienceMs,
      idleMs: options.idleMs ?? idleMs,
      onEnd: (reason) => track(finish(reason)),
    });
    open.set(id, { attemptId, session });
    const connectUrl = options.internalUrl?.href ?? null;
    const { workerId } = place;
    await insertShellSession(context.db, { id, attemptId, workerId, who, from, connectUrl, at: beganAt });
    await recordAudit(context.db, {
      who,
      from,
      what: 'shell-opened',
      target: attemptId,
      detail: detailOf(place),
      at: beganAt,
    });
    context.news.tell({ kind: 'shell', workerId });
  }

  async function enterWorker(
    request: IncomingMessage,
    id: string,
    accept: () => Promise<WebSocket>,
  ): Promise<string | null> {
    const bearer = readBearer(request);
    if (bearer === null || !isSameSecret(bearer, options.workerToken)) return '401 Unauthorized';
    const token = request.headers[shellTokenHeader];
    const waiting = open.get(id);
    if (waiting === undefined) return '404 Not Found';
    if (typeof token !== 'string') return '403 Forbidden';
    const spent = await spendShellToken(context.db, id, hashToken(token), context.now());
    if (spent === null) return '403 Forbidden';
    const worker = await accept();
    const stopPinging = keepAlive(worker);
    worker.on('close', stopPinging);
    if (!waiting.session.attachWorker(worker)) worker.close(1000);
    return null;
  }

  function tooMany(attemptId: string): ShellEnd | null {
    const ofAttempt = [...open.values()].filter((shell) => shell.attemptId === attemptId).length;
    if (ofAttempt < mostOfAttempt && open.size < mostOfServer) return null;
    const message = `there are ${ofAttempt} shells in this stage and ${open.size} in all: close one of them first`;
    return { kind: 'ended', reason: 'too-many-shells', message, exitCode: null };
  }

  function track(work: Promise<void>): void {
    const settled = work.catch((error: unknown) =>
      context.log.error({ err: error }, 'the end of a shell was not recorded'),
    );
    pending.add(settled);
    void settled.then(() => pending.delete(settled));
  }

  httpServer.on('upgrade', upgrade);
  return {
    async close() {
      httpServer.off('upgrade', upgrade);
      const message = 'this server stops: open another shell';
      for (const { session } of open.values())
        session.end({ reason: 'server-stopping', message, exitCode: null });
      await Promise.all(pending);
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
    },
  };
}

const detailOf = ({ runNumber, runId, stage, attempt, workerId }: ShellPlace) => ({
  run: runNumber,
  runId,
  stage,
  attempt,
  worker: workerId,
});

function sizeOf(request: IncomingMessage): TerminalSize | null {
  const query = new URL(request.url ?? '/', 'http://localhost').searchParams;
  const size = { cols: Number(query.get('cols') ?? 80), rows: Number(query.get('rows') ?? 24) };
  return terminalSize.safeParse(size).data ?? null;
}
