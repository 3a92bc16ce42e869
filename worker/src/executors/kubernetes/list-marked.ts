import { z } from 'zod';
import type { KubeAnswer, KubeRequest } from '../../deploy/kubernetes/kube-connection.ts';

export interface MarkedObjects {
  /** The API server's clock, in milliseconds since the epoch. */
  readonly at: number;
  readonly items: readonly MarkedObject[];
}

const texts = z.record(z.string(), z.string()).default({});

const markedObject = z.object({
  metadata: z.object({
    name: z.string().min(1),
    uid: z.string().min(1),
    resourceVersion: z.string().min(1),
    labels: texts,
    annotations: texts,
    creationTimestamp: z.string().transform((text) => Date.parse(text)),
    /** Null: nobody has asked for its end. */
    deletionTimestamp: z
      .string()
      .nullish()
      .transform((at) => at ?? null),
    /** Not empty: the cluster removes it with its owner. */
    ownerReferences: z.array(z.unknown()).default([]),
  }),
});
export type MarkedObject = z.infer<typeof markedObject>;

const page = z.object({
  metadata: z.object({ continue: z.string().default('') }).default({ continue: '' }),
  /** Null: none; so the API server writes an empty list of metadata. */
  items: z
    .array(markedObject)
    .nullable()
    .transform((items) => items ?? []),
});

const pageSize = 250;
const mostPages = 20;

/** Asks for metadata only, a page at a time; beyond some thousands the rest waits for the next look. */
export async function listMarked(
  path: string,
  labels: readonly string[],
  ask: (request: KubeRequest) => Promise<KubeAnswer>,
): Promise<MarkedObjects> {
  const items: MarkedObject[] = [];
  let next = '';
  let at: number | null = null;
  for (let pages = 0; pages < mostPages; pages += 1) {
    const query = new URLSearchParams({ labelSelector: labels.join(','), limit: String(pageSize) });
    if (next !== '') query.set('continue', next);
    const accept = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
    const answer = await ask({ method: 'GET', path: `${path}?${query.toString()}`, accept });
    const read = page.parse(answer.body);
    items.push(...read.items);
    at ??= answer.at;
    next = read.metadata.continue;
    if (next === '') break;
  }
  return { at: at ?? Date.now(), items };
}
