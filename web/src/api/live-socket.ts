// One WebSocket for the whole page. Whatever is watched is asked for again after every reconnect, each log from
// the line after the last one that arrived, so that a cut misses nothing and repeats nothing.
//
//   closed ─► connecting ─► open ─► waiting (0.5 s, doubling to 15 s) ─► connecting …
import type { NumberedLine, RolloutView, RunSummary, RunView } from '@sluice/pipelines/protocol/api';
import type { LiveMessage, LiveRequest } from '@sluice/pipelines/protocol/live';

export type LiveStatus = 'connecting' | 'open' | 'waiting' | 'closed';

export interface LogListener {
  /** Consecutive lines, each exactly once. */
  readonly lines: (lines: readonly NumberedLine[]) => void;
  readonly complete: (end: Extract<LiveMessage, { readonly kind: 'log-complete' }>) => void;
}

/** The part of a WebSocket that is used; tests bring their own. */
export interface SocketLike {
  readonly send: (text: string) => void;
  readonly close: () => void;
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: (() => void) | null;
}

export interface LiveSurroundings {
  readonly connect: () => SocketLike;
  /** Calls `wake` after the delay; the result undoes it. */
  readonly after: (delayMs: number, wake: () => void) => () => void;
  /** In [0, 1): spreads the reconnects of many pages. */
  readonly random: () => number;
}

type Stop = () => void;

interface LogWatch {
  next: number;
  readonly listener: LogListener;
}

export class LiveSocket {
  readonly #around: LiveSurroundings;
  readonly #subjects = new Map<
    string,
    { request: LiveRequest; id: string; listeners: Set<(m: LiveMessage) => void> }
  >();
  readonly #logs = new Map<string, LogWatch>();
  readonly #statusListeners = new Set<() => void>();
  readonly #reopenListeners = new Set<() => void>();
  #socket: SocketLike | null = null;
  #status: LiveStatus = 'closed';
  #failures = 0;
  #hasBeenOpen = false;
  #cancelWait: Stop = () => {};

  constructor(around: LiveSurroundings) {
    this.#around = around;
  }

  get status(): LiveStatus {
    return this.#status;
  }

  /** Connects, also at once while it waits for its next try. */
  readonly open = (): void => {
    if (this.#status === 'open' || this.#status === 'connecting') return;
    this.#cancelWait();
    this.#connect();
  };

  readonly close = (): void => {
    this.#cancelWait();
    this.#setStatus('closed');
    this.#socket?.close();
    this.#socket = null;
  };

  readonly onStatus = (listener: () => void): Stop => addTo(this.#statusListeners, listener);
  /** Called after every reconnect: what the lists missed has to be asked for. */
  readonly onReopen = (listener: () => void): Stop => addTo(this.#reopenListeners, listener);

  watchRuns(listener: (run: RunSummary) => void): Stop {
    return this.#watch('runs', { kind: 'watch-runs' }, (message) => {
      if (message.kind === 'run-summary') listener(message.run);
    });
  }

  watchRun(runId: string, listener: (run: RunView) => void): Stop {
    return this.#watch(runId, { kind: 'watch-run', runId }, (message) => {
      if (message.kind === 'run' && message.run.id === runId) listener(message.run);
    });
  }

  watchRollout(rolloutId: string, listener: (rollout: RolloutView) => void): Stop {
    return this.#watch(rolloutId, { kind: 'watch-rollout', rolloutId }, (message) => {
      if (message.kind === 'rollout' && message.rollout.id === rolloutId) listener(message.rollout);
    });
  }

  /** One watcher a log; a second one takes the first one's place. */
  watchLog(attemptId: string, from: number, listener: LogListener): Stop {
    const watch: LogWatch = { next: from, listener };
    this.#logs.set(attemptId, watch);
    this.#send({ kind: 'watch-log', attemptId, from });
    return () => {
      if (this.#logs.get(attemptId) !== watch) return;
      this.#logs.delete(attemptId);
      this.#send({ kind: 'unwatch', id: attemptId });
    };
  }

  #watch(id: string, request: LiveRequest, listener: (message: LiveMessage) => void): Stop {
    const subject = this.#subjects.get(id) ?? { request, id, listeners: new Set() };
    if (subject.listeners.size === 0) this.#send(request);
    subject.listeners.add(listener);
    this.#subjects.set(id, subject);
    return () => {
      subject.listeners.delete(listener);
      if (subject.listeners.size > 0 || this.#subjects.get(id) !== subject) return;
      this.#subjects.delete(id);
      this.#send({ kind: 'unwatch', id });
    };
  }

  #connect(): void {
    this.#setStatus('connecting');
    const socket = this.#around.connect();
    this.#socket = socket;
    socket.onopen = () => this.#opened(socket);
    socket.onmessage = (event) => this.#receive(socket, event.data);
    socket.onclose = () => this.#lost(socket);
  }

  #opened(socket: SocketLike): void {
    if (socket !== this.#socket) return;
    this.#failures = 0;
    this.#setStatus('open');
    for (const { request } of this.#subjects.values()) this.#send(request);
    for (const [attemptId, { next }] of this.#logs) this.#send({ kind: 'watch-log', attemptId, from: next });
    if (this.#hasBeenOpen) for (const listener of this.#reopenListeners) listener();
    this.#hasBeenOpen = true;
  }

  #lost(socket: SocketLike): void {
    if (socket !== this.#socket) return;
    this.#socket = null;
    this.#setStatus('waiting');
    const delayMs = Math.min(15_000, 500 * 2 ** this.#failures) * (0.5 + this.#around.random() / 2);
    this.#failures += 1;
    this.#cancelWait = this.#around.after(delayMs, () => this.#connect());
  }

  #receive(socket: SocketLike, data: unknown): void {
    if (socket !== this.#socket || typeof data !== 'string') return;
    const message = JSON.parse(data) as LiveMessage;
    if (message.kind === 'log') return this.#receiveLog(message.attemptId, message.lines);
    if (message.kind === 'log-complete') return this.#logs.get(message.attemptId)?.listener.complete(message);
    for (const { listeners } of this.#subjects.values()) for (const listener of listeners) listener(message);
  }

  #receiveLog(attemptId: string, lines: readonly NumberedLine[]): void {
    const watch = this.#logs.get(attemptId);
    if (watch === undefined) return;
    const fresh = lines.filter((line) => line.n >= watch.next);
    const first = fresh[0];
    if (first === undefined) return;
    if (first.n > watch.next) return this.#send({ kind: 'watch-log', attemptId, from: watch.next });
    watch.next = first.n + fresh.length;
    watch.listener.lines(fresh);
  }

  #send(request: LiveRequest): void {
    if (this.#status === 'open') this.#socket?.send(JSON.stringify(request));
  }

  #setStatus(status: LiveStatus): void {
    if (status === this.#status) return;
    this.#status = status;
    for (const listener of this.#statusListeners) listener();
  }
}

function addTo<T>(set: Set<T>, value: T): Stop {
  set.add(value);
  return () => {
    set.delete(value);
  };
}
