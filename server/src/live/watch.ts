import type { LiveMessage, LiveRequest } from '@sluice/pipelines/protocol/live';
import type { LocalNews } from '../orchestrator/news.ts';

/** False when the client is gone: then there is nothing left to do. */
export type Send = (message: LiveMessage) => Promise<boolean>;

/** One thing that a client watches, and how far it has been brought. */
export interface Watch {
  readonly kind: LiveRequest['kind'];
  /** What `unwatch` names: the id of the run, rollout or attempt, or `runs`. */
  readonly id: string;
  /** At least this long between two looks, so that a busy run does not flood anybody. */
  readonly restMs: number;
  readonly hears: (news: LocalNews) => boolean;
  /** Sends what the client has not seen yet. Never called twice at the same time. */
  readonly bringUp: (send: Send) => Promise<void>;
}

/** 20 views a second. */
export const viewRestMs = 50;
