import type { Decision } from '@sluice/pipelines/rollout/rollout-state';
import { createHash } from 'node:crypto';

/** SHA-256 (hex) over the decision and the hash before it, as JSON with sorted keys and no spaces. */
export function hashDecision(decision: Decision, previousHash: string | null): string {
  return createHash('sha256').update(canonicalJson({ decision, previousHash })).digest('hex');
}

/** The same value always gives the same bytes, whatever the order in which its keys were written. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
