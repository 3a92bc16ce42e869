// What stands on engines and may belong to nobody any more, at the workers' door.
//
//   POST /worker/orphans/standings  standingsQuestion → 200 standingsAnswer
//   POST /worker/orphans/look       orphanLook        → 200 {}
import { z } from 'zod';
import type { AttemptStanding } from '../orphans/decide-orphan.ts';

/** An attempt as the labels of its things name it, or as a folder of a worker does. */
export const attemptName = z.union([
  z.object({ runId: z.uuid(), stage: z.string().max(300), attempt: z.number().int().min(1).max(1_000_000) }),
  z.object({ attemptId: z.uuid() }),
]);
export type AttemptName = z.infer<typeof attemptName>;

/** How many attempts are asked for in one request. */
export const mostAsked = 500;

export const standingsQuestion = z.object({
  workerId: z.string().min(1).max(200),
  attempts: z.array(attemptName).max(mostAsked),
  /** Environments whose services this worker has on its host: whether a rollout is under way there. */
  environments: z.array(z.string().max(300)).max(mostAsked).default([]),
});
export type StandingsQuestion = z.input<typeof standingsQuestion>;

const attemptStanding = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('open'), attemptId: z.uuid() }),
  z.object({ kind: z.literal('kept'), attemptId: z.uuid() }),
  z.object({ kind: z.literal('over'), attemptId: z.uuid(), forMs: z.number() }),
  z.object({ kind: z.literal('unknown') }),
]) satisfies z.ZodType<AttemptStanding>;

export const standingsAnswer = z.object({
  /** The label `sluice` of everything that is this installation's. */
  installation: z.string().min(1),
  /** In the order of the question. */
  attempts: z.array(attemptStanding),
  /** In the order of the question: milliseconds since the last rollout ended; null: one is under way, or none is known. */
  environments: z.array(z.number().nullable()),
});
export type StandingsAnswer = z.infer<typeof standingsAnswer>;

export const orphanKinds = [
  'container',
  'network',
  'volume',
  'pod',
  'secret',
  'network-policy',
  'folder',
  'process-group',
  /** Of a rollout that ended: told, and left to the next deployment. */
  'canary',
] as const;
export type OrphanKind = (typeof orphanKinds)[number];

const engine = z.string().min(1).max(400);

/** What a worker saw at one look, or has done since. */
export const orphanLook = z.object({
  workerId: z.string().min(1).max(200),
  /** When it looks again; the counts are forgotten when it does not. */
  everyMs: z.number().int().min(1).max(86_400_000),
  /** Orphans that are there now, for each kind that was looked for: 0 is told too. */
  counts: z.array(z.object({ engine, kind: z.enum(orphanKinds), orphans: z.number().int().min(0) })).max(100),
  removed: z
    .array(
      z.object({
        engine,
        kind: z.enum(orphanKinds),
        name: z.string().max(500),
        reason: z.string().max(500),
        attempt: attemptName,
      }),
    )
    .max(1_000),
});
export type OrphanLook = z.infer<typeof orphanLook>;
export type RemovedOrphan = OrphanLook['removed'][number];
