import type { Logger } from 'pino';

/** What keeps a worker from taking work. `disk`: of its spools · `token`: the server does not accept it. */
export type Obstacle = 'disk' | 'token';
export const obstacles: readonly Obstacle[] = ['disk', 'token'];

/** Whether this worker can take work. What it has under way goes on, whatever stands here. */
export interface Readiness {
  /** `message` says what to do; null: the obstacle is gone. Told in the log when it comes and when it goes. */
  readonly note: (obstacle: Obstacle, message: string | null) => void;
  /** What stands in the way now. */
  readonly reasons: () => ReadonlyMap<Obstacle, string>;
  /** Calls back whenever an obstacle has come or gone. */
  readonly onChange: (listener: () => void) => void;
}

export function createReadiness(log: Logger): Readiness {
  const reasons = new Map<Obstacle, string>();
  const listeners: (() => void)[] = [];
  return {
    note: (obstacle, message) => {
      const wasThere = reasons.has(obstacle);
      if (message !== null) reasons.set(obstacle, message);
      else reasons.delete(obstacle);
      if (wasThere === (message !== null)) return;
      if (message !== null) log.error({ obstacle }, `taking no more work: ${message}`);
      else log.info({ obstacle }, gone[obstacle]);
      for (const listener of listeners) listener();
    },
    reasons: () => reasons,
    onChange: (listener) => void listeners.push(listener),
  };
}

const gone = {
  disk: 'the disk of the spools has room again: taking work',
  token: 'the server accepts our token again: taking work',
} satisfies Record<Obstacle, string>;
