import type { Heartbeat, HeartbeatAnswer } from '@sluice/pipelines/protocol/worker-api';
import type { ServerContext } from '../context.ts';
import { handOverMs, leaseMs } from '../orchestrator/lease.ts';
import { offerHandedOver } from '../orchestrator/offer-pod.ts';
import { tellOfShells } from '../shell/tell-worker.ts';
import { extendLeases, listEnded } from '../store/attempt-store.ts';
import { extendActionLeases } from '../store/rollout-action-store.ts';
import { recordWorker } from '../store/worker-store.ts';

/** An action that was just given out may not be in a heartbeat that is on its way. */
const actionPatienceMs = 4_000;

/**
 * Keeps what the worker still holds, and tells it what to stop and what it has lost. An attempt whose end was
 * stored a moment ago is neither.
 */
export async function hearHeartbeat(context: ServerContext, beat: Heartbeat): Promise<HeartbeatAnswer> {
  const now = context.now();
  const isLeaving = beat.state === 'draining' || beat.state === 'handing-over';
  const { workerId, pool, slots } = beat;
  await recordWorker(context.db, { id: workerId, pool, slots, isLeaving, at: now });
  const lease = { now, until: now + leaseMs, unheardSince: now - actionPatienceMs };
  await extendActionLeases(context.db, workerId, beat.actions ?? null, lease);
  const until = now + (beat.state === 'handing-over' ? handOverMs : leaseMs);
  const held = await extendLeases(context.db, workerId, beat.attempts, until);
  if (beat.state === 'handing-over') await offerHandedOver(context, workerId, beat.attempts);
  const ended = await listEnded(context.db, beat.attempts);
  const known = new Set([...held, ...ended].map((attempt) => attempt.id));
  return {
    ...(await tellOfShells(context, beat)),
    cancel: held.flatMap(({ id, cancel_reason, cancel_forced }) =>
      cancel_reason === null ? [] : [{ attemptId: id, reason: cancel_reason, force: cancel_forced }],
    ),
    lost: beat.attempts.map((attempt) => attempt.attemptId).filter((id) => !known.has(id)),
  };
}
