// What the server's parts are given; built once in main.ts.
import type { Redis } from 'ioredis';
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { BlobStore } from './blobs/blob-store.ts';
import type { News } from './orchestrator/news.ts';
import type { Schema } from './store/schema.ts';

export interface ServerContext {
  readonly db: Kysely<Schema>;
  readonly redis: Redis;
  readonly log: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** A new UUID (version 7: ordered by time). */
  readonly newId: () => string;
  /** Names everything that this installation makes on an engine: the label `sluice=<installation>`. */
  readonly installation: string;
  readonly sealer: Sealer;
  /** Tells what changed, in this process and between servers: `openNews(redis, log)`, closed at the end. */
  readonly news: News;
  /** Files that outlive an attempt: artifacts, caches, scan reports. */
  readonly blobs: BlobStore;
  /** Bytes of all caches of one project together; beyond it the least recently used go. */
  readonly cacheLimitBytes: number;
  /** BullMQ's key prefix, the same for servers and workers; BullMQ's own default is `bull`. */
  readonly queuePrefix: string;
  /** What one step may print at most. */
  readonly stepLogBytes: number;
}

/** Authenticated encryption for secrets at rest. */
export interface Sealer {
  /** `context` (such as `project/name`) is bound to the text: sealed text cannot be moved to another name. */
  readonly seal: (plain: string, context: string) => string;
  /** Throws when the text was changed, moved, or sealed with another key. */
  readonly open: (sealed: string, context: string) => string;
}
