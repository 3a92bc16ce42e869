import { z } from 'zod';

/** `?before&limit` of lists, newest first. */
export const pageQuery = z.object({
  before: z.coerce.number().nullable().default(null),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
