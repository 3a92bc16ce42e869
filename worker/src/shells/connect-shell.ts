// One shell: a process in the container at one end, an outbound WebSocket to the person's server at the other.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  shellRequest,
  shellTokenHeader,
  type ShellEnd,
  type ShellNews,
} from '@sluice/pipelines/protocol/shell';
import type { HeartbeatAnswer } from '@sluice/pipelines/protocol/worker-api';
import type { Logger } from 'pino';
import { WebSocket } from 'ws';
import type { ShellProcess } from '../executors/executor.ts';
import type { ShellPlace } from './shell-place.ts';

export interface ShellConnection {
  /** Used where the offer names no other. */
  readonly serverUrl: string;
  readonly workerToken: string;
  readonly log: Logger;
}

type Offer = HeartbeatAnswer['shells'][number];

const connectMs = 10_000;
/** More than this waiting in our memory, and the output waits for the person. */
const highWaterBytes = 1024 * 1024;
/** What might be the beginning of a secret is shown when nothing follows it for so long. */
const maskPatienceMs = 200;

/**
 * Resolves when the shell has ended and nothing of it is left; false: the server did not let us in. Never rejects.
 * `place` null: there is none.
 */
export async function connectShell(
  offer: Offer,
  place: ShellPlace | null,
  { serverUrl, workerToken, log }: ShellConnection,
): Promise<boolean> {
  const url = new URL(`/worker/shells/${offer.sessionId}`, offer.url ?? serverUrl);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = new WebSocket(url, {
    headers: { authorization: `Bearer ${workerToken}`, [shellTokenHeader]: offer.token },
    handshakeTimeout: connectMs,
    maxPayload: 1024 * 1024,
  });
  let wasOpen = false;
  socket.once('open', () => (wasOpen = true));
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', (error) =>
    log.warn({ attemptId: offer.attemptId }, `shell: ${url.host} was not reached: ${error.message}`),
  );
  try {
    const size = await firstRequest(socket, closed);
    if (size === null) return wasOpen;
    const end = place === null ? nowhere : await serve(socket, place, size, closed);
    tell(socket, { kind: 'ended', ...end });
  } catch (error) {
    log.warn({ err: error, attemptId: offer.attemptId }, 'a shell failed');
    const message = `the shell could not be opened: ${error instanceof Error ? error.message : String(error)}`;
    tell(socket, { kind: 'ended', reason: 'failed', message, exitCode: null });
  } finally {
    socket.close(1000);
    await closed;
  }
  return wasOpen;
}

type End = Omit<ShellEnd, 'kind'>;

const nowhere: End = {
  reason: 'not-open',
  message: 'there is nothing to enter here: the stage is being prepared, or has just ended',
  exitCode: null,
};

/** The size that the server asks for first; null: it has hung up. */
function firstRequest(
  socket: WebSocket,
  closed: Promise<void>,
): Promise<{ readonly cols: number; readonly rows: number } | null> {
  const asked = new Promise<{ readonly cols: number; readonly rows: number } | null>((resolve) =>
    socket.once('message', (data) => resolve(parse(data))),
  );
  return Promise.race([asked, closed.then(() => null)]);
}

async function serve(
  socket: WebSocket,
  place: ShellPlace,
  size: { readonly cols: number; readonly rows: number },
  closed: Promise<void>,
): Promise<End> {
  if (place.door.kind === 'shut') return { reason: 'not-open', message: place.door.why, exitCode: null };
  const shell = await place.door.open(size);
  try {
    tell(socket, { kind: 'opened' });
    socket.on('message', (data, isBinary) => {
      if (isBinary && Buffer.isBuffer(data)) shell.write(data);
      const request = isBinary ? null : parse(data);
      if (request !== null) void shell.resize(request.cols, request.rows);
    });
    const left = closed.then((): End => ({ reason: 'exited', message: 'the person left', exitCode: null }));
    return await Promise.race([untilEnded(socket, shell, place), untilClosed(place.closed), left]);
  } finally {
    await shell.close();
  }
}

async function untilEnded(socket: WebSocket, shell: ShellProcess, place: ShellPlace): Promise<End> {
  const mask = place.mask.stream();
  let patience: NodeJS.Timeout | null = null;
  for await (const chunk of shell.output) {
    if (patience !== null) clearTimeout(patience);
    await send(socket, mask.write(chunk));
    patience = setTimeout(() => void send(socket, mask.end()), maskPatienceMs);
  }
  if (patience !== null) clearTimeout(patience);
  await send(socket, mask.end());
  const exitCode = await shell.exitCode();
  if (place.closed.aborted) return endOf(place.closed);
  const wasKilled = exitCode === null || exitCode === 137;
  if (place.isRunning() && wasKilled) {
    const message = 'the step ended, and every process of its container with it; open another one to go on';
    return { reason: 'step-ended', message, exitCode };
  }
  return { reason: 'exited', message: `the shell ended with exit code ${exitCode ?? 'unknown'}`, exitCode };
}

async function untilClosed(signal: AbortSignal): Promise<End> {
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  await sleep(0);
  return endOf(signal);
}

function endOf({ reason }: AbortSignal): End {
  return reason === 'released'
    ? { reason: 'released', message: 'what was kept for a shell has been removed', exitCode: null }
    : { reason: 'stage-ended', message: 'the stage has ended, and its container with it', exitCode: null };
}

async function send(socket: WebSocket, bytes: Buffer): Promise<void> {
  if (bytes.length === 0 || socket.readyState !== socket.OPEN) return;
  const flushed = new Promise<void>((resolve) => socket.send(bytes, { binary: true }, () => resolve()));
  if (socket.bufferedAmount > highWaterBytes) await flushed;
}

function tell(socket: WebSocket, news: ShellNews): void {
  if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(news));
}

function parse(data: unknown): { readonly cols: number; readonly rows: number } | null {
  if (!Buffer.isBuffer(data)) return null;
  try {
    return shellRequest.parse(JSON.parse(data.toString()));
  } catch {
    return null;
  }
}
