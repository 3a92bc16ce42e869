import type { DriftView } from '@sluice/pipelines/protocol/api';
import type { StoredLook } from '../store/drift-store.ts';

/** Null: nobody has looked yet. While a rollout changes the place, what it differed in before is no drift. */
export function driftView(look: StoredLook | undefined, isChanging: boolean): DriftView | null {
  if (look === undefined) return null;
  const { lookedAt, triedAt, problem, runs, missingRights, wantedAt } = look;
  const drift = isChanging ? null : look.drift;
  return {
    lookedAt,
    triedAt,
    problem,
    since: drift?.since ?? null,
    differences: drift?.differences ?? [],
    runs,
    missingRights,
    isAwaited: wantedAt !== null,
  };
}
