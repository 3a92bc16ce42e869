// The body of a generic delivery, as docs/webhooks.md describes it.
import { z } from 'zod';

const objectName = z.string().regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/, 'a full lower-case commit id');
const refName = z.string().min(1).max(300);

const base = {
  repository: z.string().min(1).max(300),
  actor: z.string().min(1).max(200),
  /** The new head; all zeros: the branch or tag was deleted. */
  after: objectName,
  message: z.string().max(100_000).default(''),
  author: z.string().max(300).optional(),
};

export const genericDelivery = z.discriminatedUnion('event', [
  z.object({
    event: z.literal('push'),
    ...base,
    branch: refName,
    before: objectName.optional(),
    /** Every path changed between `before` and `after`; absent: not known. */
    changedFiles: z.array(z.string()).optional(),
  }),
  z.object({ event: z.literal('tag'), ...base, tag: refName }),
  z.object({
    event: z.literal('manual'),
    ...base,
    branch: refName,
    inputs: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  }),
  z.object({ event: z.literal('ping'), repository: base.repository }),
]);
export type GenericDelivery = z.infer<typeof genericDelivery>;
