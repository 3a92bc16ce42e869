// What BullMQ carries: ids, never truth and never a secret.
import { z } from 'zod';

/** Attempts of stages, for any worker of a pool. */
export const attemptQueue = (pool: string): string => `sluice-attempts-${pool}`;
/** Actions of rollouts, for any worker of a pool. */
export const actionQueue = (pool: string): string => `sluice-actions-${pool}`;
export const defaultPool = 'default';

export const attemptJob = z.object({ runId: z.uuid(), stage: z.string(), attempt: z.number().int().min(1) });
export type AttemptJob = z.infer<typeof attemptJob>;
/** `runId-stage-attempt`: BullMQ refuses ids that hold a colon. */
export const attemptJobId = (job: AttemptJob): string => `${job.runId}-${job.stage}-${job.attempt}`;

export const actionJob = z.object({ rolloutId: z.uuid(), action: z.number().int().min(1) });
export type ActionJob = z.infer<typeof actionJob>;
export const actionJobId = (job: ActionJob): string => `${job.rolloutId}-${job.action}`;

/** Redis channels: a hint that there is news in the database; losing one loses nothing. */
export const newsChannel = 'sluice-news';
export const newsMessage = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('run'), runId: z.uuid() }),
  z.object({ kind: z.literal('log'), attemptId: z.uuid() }),
  z.object({ kind: z.literal('cancel'), attemptId: z.uuid() }),
  /** A person waits for a shell at this worker, or gives one up: its next heartbeat says which. */
  z.object({ kind: z.literal('shell'), workerId: z.string() }),
]);
export type NewsMessage = z.infer<typeof newsMessage>;
