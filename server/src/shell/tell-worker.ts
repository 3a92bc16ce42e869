import type { Heartbeat, HeartbeatAnswer } from '@sluice/pipelines/protocol/worker-api';
import { hashToken, newToken } from '../auth/token.ts';
import type { ServerContext } from '../context.ts';
import { listForgottenHolds, listReleased } from '../store/hold-store.ts';
import { listWantedShells, setShellToken } from '../store/shell-session-store.ts';
import { holdEnded } from './holds.ts';

/** A person does not wait longer for a shell. */
export const patienceMs = 20_000;
/** A hold that was granted a moment ago may not be in the heartbeat yet. */
const onItsWayMs = 15_000;

/**
 * What a worker must know of shells: which to open, each with a new one-time token, and which containers to give up.
 * Holds that it does not know any more have ended with its earlier process.
 */
export async function tellOfShells(
  context: ServerContext,
  { workerId, holds = [] }: Heartbeat,
): Promise<Pick<HeartbeatAnswer, 'release' | 'shells'>> {
  const { db } = context;
  const now = context.now();
  for (const id of await listForgottenHolds(db, workerId, holds, now - onItsWayMs))
    await holdEnded(context, id, workerId, 'the worker was started again');
  const wanted = await listWantedShells(db, workerId, now - patienceMs);
  const shells = wanted.map(({ id, attempt_id, connect_url }) => ({
    sessionId: id,
    attemptId: attempt_id,
    url: connect_url,
    token: newToken(),
  }));
  for (const { sessionId, token } of shells) await setShellToken(db, sessionId, hashToken(token));
  return { release: [...(await listReleased(db, holds, now))], shells };
}
