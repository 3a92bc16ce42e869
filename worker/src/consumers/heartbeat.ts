import type { Logger } from 'pino';
import type { Heartbeat } from '@sluice/pipelines/protocol/worker-api';
import type { LiveActions } from './action-consumer.ts';
import { isTokenRefused } from '../server-client/http-door.ts';
import type { ServerClient } from '../server-client/server-client.ts';
import type { ShellHost } from '../shells/shell-host.ts';
import type { LiveAttempts } from '../stages/live-attempt.ts';

export interface HeartbeatOptions {
  readonly workerId: string;
  readonly pool: string;
  readonly slots: number;
  readonly live: LiveAttempts;
  readonly shells: Pick<ShellHost, 'held' | 'heed'>;
  readonly actions: LiveActions;
  readonly everyMs: number;
  /** Says whether this worker still takes stages. */
  readonly state: () => 'draining' | undefined;
}

export interface Heart {
  /** Beats now; used when something hints at news. Never rejects. */
  readonly beat: () => Promise<void>;
  /** The last beat of a process that leaves what it runs to the next one. Never rejects. */
  readonly handOver: () => Promise<void>;
  readonly stop: () => void;
}

/**
 * Tells the server every few seconds which attempts and actions this worker holds, and stops those attempts that it
 * wants stopped or that are no longer ours. While the server is away, attempts go on.
 */
export function startHeartbeat(server: ServerClient, options: HeartbeatOptions, log: Logger): Heart {
  const { workerId, pool, slots, live, shells, actions } = options;
  let isAway = false;
  const held = (): Heartbeat['attempts'] =>
    [...live.values()].map(({ attemptId, fence }) => ({ attemptId, fence }));
  const beat = async (): Promise<void> => {
    const state = options.state();
    try {
      const answer = await server.heartbeat({
        workerId,
        pool,
        slots,
        attempts: held(),
        holds: [...shells.held()],
        actions: [...actions],
        ...(state !== undefined && { state }),
      });
      if (isAway) log.info('the server answers again');
      isAway = false;
      for (const { attemptId, reason, force } of answer.cancel) {
        const attempt = live.get(attemptId);
        attempt?.stop({ kind: 'cancelled', reason });
        if (force) attempt?.force();
      }
      shells.heed(answer);
      for (const attemptId of answer.lost) live.get(attemptId)?.stop({ kind: 'lost' });
    } catch (error) {
      if (!isAway && !isTokenRefused(error))
        log.warn(`heartbeat: ${error instanceof Error ? error.message : String(error)}`);
      isAway = true;
    }
  };
  const timer = setInterval(() => void beat(), options.everyMs);
  void beat();
  return {
    beat,
    stop: () => clearInterval(timer),
    handOver: async () => {
      clearInterval(timer);
      const last: Heartbeat = { workerId, pool, slots, attempts: held(), actions: [], state: 'handing-over' };
      await server.heartbeat(last).catch(() => undefined); // the last beat's lease holds for a while, too
    },
  };
}
