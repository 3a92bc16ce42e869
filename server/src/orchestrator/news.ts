import { newsChannel, newsMessage, type NewsMessage } from '@sluice/pipelines/protocol/queues';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';

/** Wakes this process's own pumps; not sent to others. `line`: a stage waits for a worker, or a slot became free. */
type Wake = { readonly kind: 'outbox' | 'timers' | 'line' };
export type LocalNews = NewsMessage | Wake;

/**
 * Hints that something changed in the database: at once inside this process, by Redis to other servers and to
 * workers. A hint may be lost (Redis away) or come twice; whoever listens also looks by itself now and then.
 */
export interface News {
  /** Never throws and never waits: to be called after the change was committed. */
  readonly tell: (message: LocalNews) => void;
  /** Calls `listener` with every hint; returns what stops it. */
  readonly listen: (listener: (message: LocalNews) => void) => () => void;
  readonly close: () => Promise<void>;
}

/** Opens its own connections with the settings of `redis`, which stays the caller's. */
export function openNews(redis: Redis, log: Logger): News {
  const listeners = new Set<(message: LocalNews) => void>();
  const publisher = redis.duplicate({
    lazyConnect: false,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
  });
  const subscriber = redis.duplicate({ lazyConnect: false, maxRetriesPerRequest: null });
  const warn = oncePerOutage(log);
  for (const connection of [publisher, subscriber]) connection.on('error', warn.failed);
  subscriber.on('ready', warn.recovered);
  subscriber.on('message', (_channel: string, text: string) => {
    const message = parseMessage(text);
    if (message !== null) spread(message);
  });
  subscriber.subscribe(newsChannel).catch(warn.failed);

  function spread(message: LocalNews): void {
    for (const listener of listeners) listener(message);
  }

  return {
    tell(message) {
      spread(message);
      if (isWake(message)) return;
      publisher.publish(newsChannel, JSON.stringify(message)).catch(warn.failed);
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      listeners.clear();
      publisher.disconnect();
      subscriber.disconnect();
      return Promise.resolve();
    },
  };
}

const isWake = ({ kind }: LocalNews): boolean => kind === 'outbox' || kind === 'timers' || kind === 'line';

function parseMessage(text: string): NewsMessage | null {
  try {
    return newsMessage.parse(JSON.parse(text));
  } catch {
    return null; // another program on our channel: not news
  }
}

function oncePerOutage(log: Logger): { failed: (error: unknown) => void; recovered: () => void } {
  let isAway = false;
  return {
    failed(error) {
      if (isAway) return;
      isAway = true;
      log.warn({ err: error }, 'Redis is away: news travels by polling until it is back');
    },
    recovered() {
      if (isAway) log.info('Redis is back');
      isAway = false;
    },
  };
}
