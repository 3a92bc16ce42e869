// The body of a generic delivery, as docs/webhooks.md describes it.
import { z } from 'zod';

const refName = z.string().min(1).max(300);
const base = { repository: z.string().min(1).max(300), actor: z.string().min(1).max(200) };
const commit = z.object({
  /** All zeros: the branch or tag was deleted. */
  sha: z.string().regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/, 'must be a full lower-case commit id'),
  message: z.string().max(100_000).default(''),
  author: z.string().max(300).default(''),
});

export const genericDelivery = z.discriminatedUnion('event', [
  z.object({
    event: z.literal('push'),
    ...base,
    branch: refName,
    commit,
    /** Every path that the push changed; null: not known. */
    changedFiles: z.array(z.string()).nullable().default(null),
  }),
  z.object({ event: z.literal('tag'), ...base, tag: refName, commit }),
  z.object({
    event: z.literal('manual'),
    ...base,
    branch: refName,
    commit,
    inputs: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  }),
  z.object({ event: z.literal('ping'), repository: base.repository }),
]);
export type GenericDelivery = z.infer<typeof genericDelivery>;
