// A worker looks whether places still run what was released there, and whether their credentials may do what a rollout
// does. A place is an environment, or one cluster of an environment with several; they are looked at one at a time.
//
//   POST /worker/drift/next     driftQuestion → 200 { look: DriftLook | null }
//   POST /worker/drift/:name    driftReport   → 200 {}
import { z } from 'zod';
import { placeTarget } from './environment.ts';

const cluster = z.string().max(300).nullable();

export const driftQuestion = z.object({
  workerId: z.string().min(1).max(200),
  /** Environments on Docker hosts are looked at by the worker that has their containers: these. */
  environments: z.array(z.string().max(300)).max(500),
  /** Its services, by which clusters on Docker hosts are known; absent: the worker is of a version that knows no clusters. */
  services: z
    .array(z.object({ environment: z.string().max(300), service: z.string().max(300) }))
    .max(500)
    .exactOptional(),
});
export type DriftQuestion = z.infer<typeof driftQuestion>;

export const driftAnswer = z.object({
  look: z
    .object({
      environment: z.string(),
      /** Null: the environment is one place. */
      cluster: cluster.default(null),
      /** Rises with every look that is given out: an older report changes nothing. */
      fence: z.number().int(),
      installation: z.string(),
      target: placeTarget,
      /** Text of the kubeconfig; null: the worker's own. */
      kubeconfig: z.string().nullable(),
      /** Of what was released there, what its rights depend on; null: nothing was. */
      released: z
        .object({
          traffic: z
            .object({ kind: z.enum(['httproute', 'ingress', 'virtualservice']), name: z.string() })
            .exactOptional(),
        })
        .nullable()
        .default({}),
    })
    .nullable(),
});
export type DriftLook = NonNullable<z.infer<typeof driftAnswer>['look']>;

const name = z.string().max(300).nullable();

export const driftReport = z.object({
  fence: z.number().int(),
  cluster: cluster.default(null),
  seen: z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('found'),
      version: z.string().max(300).nullable(),
      image: z.string().max(1_000),
      replicas: z.number().int().min(0).max(1_000_000),
      weightPercent: z.number().min(0).max(100).nullable(),
      changedBy: z.object({ image: name, replicas: name }),
    }),
    z.object({
      kind: z.literal('gone'),
      /** What is to be done first, such as to create the namespace; absent: nothing is known. */
      message: z.string().max(2_000).exactOptional(),
    }),
    /** It could not be read: what was known before stays. */
    z.object({ kind: z.literal('unreadable'), message: z.string().max(2_000) }),
  ]),
  /** What the credentials may not do of what a rollout there does; null: nobody can tell, or there are none. */
  missingRights: z
    .array(
      z.object({
        apiGroup: z.string().max(300),
        resource: z.string().max(300),
        name,
        verbs: z.array(z.string().max(50)).max(20).readonly(),
      }),
    )
    .max(200)
    .readonly()
    .nullable()
    .default(null),
});
export type DriftReport = z.infer<typeof driftReport>;
