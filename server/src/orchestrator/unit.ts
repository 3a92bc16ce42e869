import type { ServerContext } from '../context.ts';
import type { Trx } from '../store/database.ts';
import type { LocalNews } from './news.ts';

/** One transaction, with the news that may be told once it has been committed. */
export interface Unit {
  readonly trx: Trx;
  /** Now, the same for everything in this transaction. */
  readonly at: number;
  readonly newId: () => string;
  readonly tell: (message: LocalNews) => void;
}

type Needs = Pick<ServerContext, 'db' | 'now' | 'newId' | 'news'>;

/**
 * Runs `work` in a transaction and tells its news after the commit. Locks are taken in the order outbox or
 * timer → run → environment → rollout → attempt or action. A deadlock, which that order should rule out, and a lost
 * race are tried again, so `work` must have no effect outside of the database.
 */
export async function inUnit<T>(context: Needs, work: (unit: Unit) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    const news = new Map<string, LocalNews>();
    try {
      const result = await context.db.transaction().execute((trx) =>
        work({
          trx,
          at: context.now(),
          newId: context.newId,
          tell: (message) => news.set(JSON.stringify(message), message),
        }),
      );
      for (const message of news.values()) context.news.tell(message);
      return result;
    } catch (error) {
      if (tries >= 3 || !isLostRace(error)) throw error;
    }
  }
}

const deadlockDetected = '40P01';
const serializationFailure = '40001';

/** What this transaction has locked is not all that it would change: it begins again. */
export class LostRace extends Error {
  override readonly name = 'LostRace';
}

function isLostRace(error: unknown): boolean {
  if (error instanceof LostRace) return true;
  if (!(error instanceof Error) || !('code' in error)) return false;
  return error.code === deadlockDetected || error.code === serializationFailure;
}
