// The live feed of the fixture server: the protocol of `/live`, with cuts on demand.
import { WebSocketServer, type WebSocket } from 'ws';
import type { Server } from 'node:http';
import { liveRequest, type LiveMessage, type LiveRequest } from '@sluice/pipelines/protocol/live';
import { logDigest, pageOf } from './fixture-logs.ts';
import { summaryOf } from './fixture-runs.ts';
import type { World } from './fixture-world.ts';

export interface LiveFeed {
  readonly runChanged: (runId: string) => void;
  readonly rolloutChanged: (rolloutId: string) => void;
  readonly logGrew: (attemptId: string) => void;
  /** Ends every connection without a word, as a broken network does. */
  readonly cut: () => void;
  /** How many connections there have been. */
  readonly connections: () => number;
}

interface Client {
  readonly socket: WebSocket;
  readonly subjects: Set<string>;
  /** Attempt → number of the next line to send. */
  readonly logs: Map<string, number>;
}

export function serveLive(server: Server, world: World): LiveFeed {
  const sockets = new WebSocketServer({ noServer: true });
  const clients = new Set<Client>();
  let count = 0;
  server.on('upgrade', (request, socket, head) => {
    if (request.url !== '/live') return;
    sockets.handleUpgrade(request, socket, head, (accepted) => sockets.emit('connection', accepted, request));
  });
  sockets.on('connection', (socket) => {
    count += 1;
    const client: Client = { socket, subjects: new Set(), logs: new Map() };
    clients.add(client);
    socket.on('close', () => clients.delete(client));
    socket.on('message', (data) => {
      const request = liveRequest.safeParse(JSON.parse(Buffer.isBuffer(data) ? data.toString() : '{}'));
      if (request.success) answer(client, request.data, world);
    });
  });
  const each = (act: (client: Client) => void) => clients.forEach(act);
  return {
    runChanged: (runId) =>
      each((client) => {
        const run = world.runs.find((candidate) => candidate.id === runId);
        if (run === undefined) return;
        if (client.subjects.has('runs')) send(client, { kind: 'run-summary', run: summaryOf(run) });
        if (client.subjects.has(runId)) send(client, { kind: 'run', run });
      }),
    rolloutChanged: (rolloutId) =>
      each((client) => {
        const rollout = world.rollouts.get(rolloutId);
        if (rollout !== undefined && client.subjects.has(rolloutId))
          send(client, { kind: 'rollout', rollout });
      }),
    logGrew: (attemptId) => each((client) => sendLog(client, attemptId, world)),
    cut: () => each((client) => client.socket.terminate()),
    connections: () => count,
  };
}

function answer(client: Client, request: LiveRequest, world: World): void {
  switch (request.kind) {
    case 'watch-runs':
      client.subjects.add('runs');
      return;
    case 'watch-run': {
      client.subjects.add(request.runId);
      const run = world.runs.find((candidate) => candidate.id === request.runId);
      if (run !== undefined) send(client, { kind: 'run', run });
      return;
    }
    case 'watch-rollout': {
      client.subjects.add(request.rolloutId);
      const rollout = world.rollouts.get(request.rolloutId);
      if (rollout !== undefined) send(client, { kind: 'rollout', rollout });
      return;
    }
    case 'watch-log':
      client.logs.set(request.attemptId, request.from);
      sendLog(client, request.attemptId, world);
      return;
    case 'unwatch':
      client.subjects.delete(request.id);
      client.logs.delete(request.id);
      return;
  }
}

function sendLog(client: Client, attemptId: string, world: World): void {
  const log = world.logs.get(attemptId);
  let next = client.logs.get(attemptId);
  if (log === undefined || next === undefined) return;
  while (next < log.lines) {
    const lines = pageOf(log, next, 2_000);
    send(client, { kind: 'log', attemptId, lines });
    next += lines.length;
  }
  client.logs.set(attemptId, next);
  if (log.isComplete)
    send(client, {
      kind: 'log-complete',
      attemptId,
      lines: log.lines,
      digest: logDigest(attemptId),
      verified: log.isVerified,
    });
}

function send(client: Client, message: LiveMessage): void {
  if (client.socket.readyState === client.socket.OPEN) client.socket.send(JSON.stringify(message));
}
