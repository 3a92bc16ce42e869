import { canonicalJson } from '@sluice/pipelines/canonical-json';
import type { Decision } from '@sluice/pipelines/rollout/rollout-state';
import { createHash } from 'node:crypto';

/** SHA-256 (hex) over the decision and the hash before it, as JSON with sorted keys and no spaces. */
export function hashDecision(decision: Decision, previousHash: string | null): string {
  return createHash('sha256').update(canonicalJson({ decision, previousHash })).digest('hex');
}
