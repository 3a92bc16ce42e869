import { setTimeout as sleep } from 'node:timers/promises';
import type { RequestHandler } from 'express';

/** Between the word that a server ends and its end: balancers see it in `/readyz` and choose another one. */
export interface Leaving {
  readonly hasBegun: () => boolean;
  /** Resolves after `leaveMs`, or when `hurry` aborts. */
  readonly begin: (leaveMs: number, hurry: AbortSignal) => Promise<void>;
}

export function createLeaving(): Leaving {
  let hasBegun = false;
  return {
    hasBegun: () => hasBegun,
    begin: async (leaveMs, hurry) => {
      hasBegun = true;
      await sleep(leaveMs, undefined, { signal: hurry }).catch(() => undefined);
    },
  };
}

/** From then on each answer ends its connection: the next request is another server's. */
export function endConnections({ hasBegun }: Pick<Leaving, 'hasBegun'>): RequestHandler {
  return (_request, response, next) => {
    if (hasBegun()) response.setHeader('Connection', 'close');
    next();
  };
}
