// Holds one attempt's log for the page: reads windows of it over HTTP, follows its end over the socket.
import type { LogPage, NumberedLine } from '@sluice/pipelines/protocol/api';
import type { LiveSocket } from '../api/live-socket.ts';
import {
  chunkLines,
  emptyLog,
  evictFarFrom,
  lineAt,
  missingIn,
  withPage,
  withTail,
  type LogBuffer,
} from './log-buffer.ts';

/** Lines [from, to). */
export interface LineRange {
  readonly from: number;
  readonly to: number;
}

export interface LogEnd {
  readonly lines: number;
  readonly digest: string;
  readonly verified: boolean;
}

export interface LogSnapshot {
  readonly log: LogBuffer;
  /** Null while the log may still grow. */
  readonly end: LogEnd | null;
  /** The last read that failed; null again after one that did not. */
  readonly error: Error | null;
  /** The first page has arrived. */
  readonly isOpen: boolean;
}

export interface LogSurroundings {
  readonly readPage: (from: number, limit: number, signal: AbortSignal) => Promise<LogPage>;
  readonly live: Pick<LiveSocket, 'watchLog'>;
  readonly attemptId: string;
  /** How many lines the log was said to have: where the first page is read. */
  readonly expectedLines: number;
  /** Calls back before the next picture is drawn: many batches of lines make one change. */
  readonly nextFrame: (wake: () => void) => void;
}

/** At most this many lines are held: a few hundred megabytes of log stay a few dozen in memory. */
const keepLines = 200_000;

export class LogStore {
  readonly #around: LogSurroundings;
  readonly #listeners = new Set<() => void>();
  readonly #reading = new Map<number, Promise<void>>();
  #closed = new AbortController();
  #snapshot: LogSnapshot = { log: emptyLog, end: null, error: null, isOpen: false };
  #isAnnounced = false;
  #looked: readonly LineRange[] = [];
  #unwatch: () => void = () => {};

  constructor(around: LogSurroundings) {
    this.#around = around;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  };
  readonly snapshot = (): LogSnapshot => this.#snapshot;

  /** Reads the end of the log, then follows it; also again after a failure or a close. */
  async open(): Promise<void> {
    this.close();
    const opened = new AbortController();
    this.#closed = opened;
    this.#reading.clear();
    const from = Math.max(0, this.#around.expectedLines - chunkLines);
    await this.#read(from, chunkLines);
    if (!this.#snapshot.isOpen || opened.signal.aborted) return;
    this.#watch();
  }

  close(): void {
    this.#closed.abort();
    this.#unwatch();
  }

  /** These lines are being looked at: reads what is missing of them, and forgets what is far away. */
  readonly need = (looked: readonly LineRange[]): void => {
    this.#looked = looked;
    for (const { from, to } of looked) {
      const missing = missingIn(this.#snapshot.log, from, to);
      if (missing !== null) void this.#read(missing.from, missing.limit).then(() => this.#needAgain(looked));
    }
  };

  /** One line, read if it is not held; null when the log has no such line. */
  readonly readLine = async (n: number): Promise<NumberedLine | null> => {
    const held = lineAt(this.#snapshot.log, n);
    if (held !== undefined) return held;
    const page = await this.#around.readPage(n, 1, this.#closed.signal);
    return page.lines[0] ?? null;
  };

  #needAgain(looked: readonly LineRange[]): void {
    if (this.#snapshot.error === null && this.#looked === looked) this.need(looked);
  }

  get #lookedAt(): number {
    return this.#looked[0]?.from ?? 0;
  }

  #read(from: number, limit: number): Promise<void> {
    const known = this.#reading.get(from);
    if (known !== undefined) return known;
    const reading = this.#readNow(from, limit).finally(() => this.#reading.delete(from));
    this.#reading.set(from, reading);
    return reading;
  }

  async #readNow(from: number, limit: number): Promise<void> {
    const { signal } = this.#closed;
    try {
      const page = await this.#around.readPage(from, limit, signal);
      if (signal.aborted) return;
      const log = evictFarFrom(withPage(this.#snapshot.log, page), this.#lookedAt, keepLines);
      this.#change({ log, error: null, isOpen: true });
    } catch (error) {
      if (signal.aborted) return;
      this.#change({ error: error instanceof Error ? error : new Error(String(error)) });
    }
  }

  #watch(): void {
    this.#unwatch = this.#around.live.watchLog(this.#around.attemptId, this.#snapshot.log.total, {
      lines: (lines) => this.#append(lines),
      complete: ({ lines, digest, verified }) => this.#change({ end: { lines, digest, verified } }),
    });
  }

  #append(lines: readonly NumberedLine[]): void {
    const result = withTail(this.#snapshot.log, lines);
    if (result.kind === 'gap') return this.#watch();
    this.#change({ log: evictFarFrom(result.log, this.#lookedAt, keepLines) });
  }

  #change(change: Partial<LogSnapshot>): void {
    this.#snapshot = { ...this.#snapshot, ...change };
    if (this.#isAnnounced) return;
    this.#isAnnounced = true;
    this.#around.nextFrame(() => {
      this.#isAnnounced = false;
      for (const listener of this.#listeners) listener();
    });
  }
}
