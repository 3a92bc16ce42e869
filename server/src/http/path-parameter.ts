import { z } from 'zod';
import { ProblemError } from './problem.ts';

/** A UUID of the address; anything else names nothing, so the answer is 404. */
export function uuidParameter(value: unknown, what: string): string {
  const parsed = z.uuid().safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ProblemError(404, `no-such-${what}`, `There is no such ${what}.`);
}

/** What a look-up found, or 404. */
export function foundOr404<T>(value: T | null | undefined, what: string): T {
  if (value !== null && value !== undefined) return value;
  throw new ProblemError(404, `no-such-${what}`, `There is no such ${what}.`);
}
