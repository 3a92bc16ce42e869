import type { AttemptView } from '@sluice/pipelines/protocol/api';
import type { StageOfRun } from './run-view.ts';

/** `kept`: it failed, and its container stays for a while. */
export type ShellPlace = { readonly kind: 'running' } | { readonly kind: 'kept'; readonly until: number };

/** Where a shell of this attempt could be opened; null: nowhere. The server has the last word. */
export function shellPlace(
  { planned, state, attempts }: Pick<StageOfRun, 'planned' | 'state' | 'attempts'>,
  attempt: AttemptView | undefined,
  now: number,
): ShellPlace | null {
  if (attempt === undefined || planned.work.kind !== 'steps' || planned.work.image === null) return null;
  if (attempt.heldUntil !== null && attempt.heldUntil > now)
    return { kind: 'kept', until: attempt.heldUntil };
  const hasBegun = state?.status === 'running' && state.steps.some(({ status }) => status !== 'waiting');
  return attempt === attempts[0] && hasBegun ? { kind: 'running' } : null;
}
