// One person's shell, from their request to its end:
//
//   waiting ─► (the worker connects) open ─► ended
//      └──────────────────────────────────────┘   (nobody came, the person left, the server stops)
//
// Bytes go straight from socket to socket: nothing of them is stored, logged or published.
import {
  shellFlow,
  shellNews,
  shellRequest,
  type ShellEnd,
  type ShellRequest,
  type TerminalSize,
} from '@sluice/pipelines/protocol/shell';
import type { RawData, WebSocket } from 'ws';

export interface ShellSession {
  /** The worker is there; false when it comes too late or twice. */
  readonly attachWorker: (worker: WebSocket) => boolean;
  /** Tells the person and closes both sides. Only the first end counts. */
  readonly end: (end: Omit<ShellEnd, 'kind'>) => void;
}

export interface ShellSessionOptions {
  readonly size: TerminalSize;
  readonly patienceMs: number;
  /** Without a key pressed for so long, the shell is closed. */
  readonly idleMs: number;
  readonly onEnd: (reason: ShellEnd['reason']) => void;
}

/** More than this waiting for a slow reader, and its source is paused. */
const highWaterBytes = 1024 * 1024;

export function openShellSession(person: WebSocket, options: ShellSessionOptions): ShellSession {
  let worker: WebSocket | null = null;
  let isEnded = false;
  let isPersonBehind = false;
  let { size } = options;
  let timer = setTimeout(() => {
    const message =
      'the worker did not come: it may be away, or cannot reach this server (see SLUICE_INTERNAL_URL)';
    end({ reason: 'worker-silent', message, exitCode: null });
  }, options.patienceMs);

  const stayAwake = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const message = `nothing was typed for ${Math.round(options.idleMs / 60_000)} minutes`;
      end({ reason: 'idle', message, exitCode: null });
    }, options.idleMs);
  };

  function end(how: Omit<ShellEnd, 'kind'>): void {
    if (isEnded) return;
    isEnded = true;
    clearTimeout(timer);
    const news: ShellEnd = { kind: 'ended', ...how };
    if (person.readyState === person.OPEN) person.send(JSON.stringify(news));
    person.close(1000);
    worker?.resume();
    worker?.close(1000);
    options.onEnd(how.reason);
  }

  person.on('message', (data, isBinary) => {
    if (isEnded) return;
    const flow = isBinary ? undefined : parse(data, (value) => shellFlow.safeParse(value).data);
    if (flow !== undefined) {
      isPersonBehind = flow.isPaused;
      if (isPersonBehind) worker?.pause();
      else worker?.resume();
      return;
    }
    if (worker !== null) stayAwake();
    if (isBinary) {
      if (worker !== null) pass(person, worker, data);
      return;
    }
    const request = parse(data, (value) => shellRequest.safeParse(value).data);
    if (request?.kind !== 'resize') return;
    size = { cols: request.cols, rows: request.rows };
    if (worker !== null) tell(worker, request);
  });
  person.on('close', () => end({ reason: 'exited', message: 'the person left', exitCode: null }));
  person.on('error', () => person.terminate());

  return {
    end,
    attachWorker: (socket) => {
      if (isEnded || worker !== null) return false;
      worker = socket;
      stayAwake();
      socket.on('message', (data, isBinary) => {
        if (isEnded) return;
        if (isBinary) {
          pass(socket, person, data, () => !isPersonBehind);
          return;
        }
        const news = parse(data, (value) => shellNews.safeParse(value).data);
        if (news?.kind === 'opened') person.send(JSON.stringify(news));
        if (news?.kind === 'ended') end(news);
      });
      socket.on('error', () => socket.terminate());
      socket.on('close', () => {
        const message =
          'the worker is gone; what runs goes on, and you may open another shell when it is back';
        end({ reason: 'worker-gone', message, exitCode: null });
      });
      tell(socket, { kind: 'open', ...size });
      return true;
    },
  };
}

const tell = (worker: WebSocket, request: ShellRequest): void => worker.send(JSON.stringify(request));

function pass(from: WebSocket, to: WebSocket, data: RawData, mayGoOn = () => true): void {
  if (to.readyState !== to.OPEN) return;
  to.send(data, { binary: true }, () => {
    if (from.isPaused && mayGoOn() && to.bufferedAmount <= highWaterBytes) from.resume();
  });
  if (to.bufferedAmount > highWaterBytes) from.pause();
}

function parse<T>(data: RawData, read: (value: unknown) => T | undefined): T | undefined {
  if (!Buffer.isBuffer(data)) return undefined;
  try {
    return read(JSON.parse(data.toString()));
  } catch {
    return undefined;
  }
}
