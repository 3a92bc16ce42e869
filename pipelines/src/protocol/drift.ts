// A worker looks whether environments still run what was released there, one at a time.
//
//   POST /worker/drift/next     driftQuestion → 200 { look: DriftLook | null }
//   POST /worker/drift/:name    driftReport   → 200 {}
import { z } from 'zod';
import { placeTarget } from './environment.ts';

export const driftQuestion = z.object({
  workerId: z.string().min(1).max(200),
  /** Environments on Docker hosts are looked at by the worker that has their containers: these. */
  environments: z.array(z.string().max(300)).max(500),
});
export type DriftQuestion = z.infer<typeof driftQuestion>;

export const driftAnswer = z.object({
  look: z
    .object({
      environment: z.string(),
      /** Rises with every look that is given out: an older report changes nothing. */
      fence: z.number().int(),
      installation: z.string(),
      target: placeTarget,
      /** Text of the kubeconfig; null: the worker's own. */
      kubeconfig: z.string().nullable(),
    })
    .nullable(),
});
export type DriftLook = NonNullable<z.infer<typeof driftAnswer>['look']>;

const name = z.string().max(300).nullable();

export const driftReport = z.object({
  fence: z.number().int(),
  seen: z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('found'),
      version: z.string().max(300).nullable(),
      image: z.string().max(1_000),
      replicas: z.number().int().min(0).max(1_000_000),
      weightPercent: z.number().min(0).max(100).nullable(),
      changedBy: z.object({ image: name, replicas: name }),
    }),
    z.object({ kind: z.literal('gone') }),
    /** It could not be read: what was known before stays. */
    z.object({ kind: z.literal('unreadable'), message: z.string().max(2_000) }),
  ]),
});
export type DriftReport = z.infer<typeof driftReport>;
