// The parts of Kubernetes objects that we read. What else they hold is kept as it is.
import { z } from 'zod';

const texts = z.record(z.string(), z.string());

const metadata = z.looseObject({
  name: z.string().min(1),
  namespace: z.string().optional(),
  labels: texts.optional(),
  annotations: texts.optional(),
});

export const kubeObject = z.looseObject({
  apiVersion: z.string().min(1),
  kind: z.string().min(1),
  metadata,
});
export type KubeObject = z.infer<typeof kubeObject>;

const container = z.looseObject({
  name: z.string().min(1),
  image: z.string().optional(),
  env: z.array(z.looseObject({ name: z.string() })).optional(),
});

export const podTemplate = z.looseObject({
  metadata: z.looseObject({ labels: texts.optional(), annotations: texts.optional() }).optional(),
  spec: z.looseObject({
    containers: z.array(container).min(1),
    readinessGates: z.array(z.looseObject({ conditionType: z.string() })).optional(),
  }),
});
export type PodTemplate = z.infer<typeof podTemplate>;

export const deployment = kubeObject.extend({
  spec: z.looseObject({
    replicas: z.number().int().min(0).optional(),
    selector: z.looseObject({ matchLabels: texts.optional() }),
    strategy: z
      .looseObject({ type: z.string().optional(), rollingUpdate: z.looseObject({}).optional() })
      .optional(),
    template: podTemplate,
  }),
  status: z
    .looseObject({
      conditions: z
        .array(z.looseObject({ type: z.string(), status: z.string(), message: z.string().optional() }))
        .optional(),
    })
    .optional(),
});
export type Deployment = z.infer<typeof deployment>;

/** Read like a Deployment where the two are alike. */
export const statefulSet = deployment.extend({
  spec: deployment.shape.spec.extend({
    updateStrategy: z
      .looseObject({
        type: z.string().optional(),
        rollingUpdate: z.looseObject({ partition: z.number().int().min(0).optional() }).nullish(),
      })
      .optional(),
    persistentVolumeClaimRetentionPolicy: z.looseObject({}).nullish(),
  }),
});
export type StatefulSet = z.infer<typeof statefulSet>;

const state = z.looseObject({
  waiting: z.looseObject({ reason: z.string().optional(), message: z.string().optional() }).optional(),
  terminated: z.looseObject({}).optional(),
});
const containerStatus = z.looseObject({ name: z.string(), state: state.optional() });

export const pod = z.looseObject({
  metadata: metadata.extend({
    deletionTimestamp: z.string().nullish(),
    deletionGracePeriodSeconds: z.number().nullish(),
    ownerReferences: z.array(z.looseObject({ kind: z.string(), name: z.string() })).optional(),
  }),
  status: z.looseObject({
    phase: z.string().optional(),
    conditions: z
      .array(
        z.looseObject({
          type: z.string(),
          status: z.string(),
          reason: z.string().optional(),
          message: z.string().optional(),
          lastTransitionTime: z.string().nullish(),
        }),
      )
      .optional(),
    containerStatuses: z.array(containerStatus).optional(),
    initContainerStatuses: z.array(containerStatus).optional(),
  }),
});
export type Pod = z.infer<typeof pod>;

export const service = kubeObject.extend({
  spec: z.looseObject({
    selector: texts.optional(),
    clusterIP: z.string().optional(),
    ports: z.array(z.looseObject({ port: z.number() })).optional(),
  }),
});
export type Service = z.infer<typeof service>;

export const endpoints = z.looseObject({
  subsets: z
    .array(z.looseObject({ addresses: z.array(z.looseObject({ ip: z.string() })).nullish() }))
    .nullish(),
});
