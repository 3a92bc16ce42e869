// What other systems say about the checkout of a job → `checkout` of a stage.
import { deepestHistory } from '../language/keys/checkout-keys.ts';
import { draftMap, put, type DraftValue } from './draft.ts';

export interface CheckoutHints {
  readonly depth: number | null;
  readonly submodules: boolean | 'recursive';
}

/** Undefined: the files alone. */
export function checkoutDraft({ depth, submodules }: CheckoutHints): DraftValue | undefined {
  const draft = draftMap();
  if (depth !== null) put(draft, 'depth', depth);
  if (submodules !== false) put(draft, 'submodules', submodules);
  return draft.entries.length === 0 ? undefined : draft;
}

/** A number of commits, as a text has it; null: it is none. */
export function depthOf(text: string | null): number | null {
  const depth = /^\d{1,7}$/.test(text ?? '') ? Number(text) : null;
  return depth !== null && depth <= deepestHistory ? depth : null;
}
