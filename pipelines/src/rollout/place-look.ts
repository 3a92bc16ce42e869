// What is known of a place (an environment, or one cluster of it) from the looks of workers.
import { differenceInWords, driftOf, type Difference, type Released, type Seen } from './drift.ts';
import { formatDuration } from './figures.ts';
import { missingInWords, type MissingRight } from './missing-rights.ts';

/** Times in milliseconds since the epoch. */
export interface PlaceLook {
  /** When a look told something last; null: none has. */
  readonly lookedAt: number | null;
  /** When the last look was, whether it told something or not; null: there was none. */
  readonly triedAt: number | null;
  /** Why the last look told nothing, or what is to be done there first; null: neither. */
  readonly problem: string | null;
  /** Null: it runs as it was released, or nothing was released there. */
  readonly drift: Drift | null;
  /** What was found there; null: nothing of ours. */
  readonly runs: FoundThere | null;
  /** Null: nobody can tell, or the place has no rights. */
  readonly missingRights: readonly MissingRight[] | null;
}

export interface Drift {
  readonly since: number;
  readonly differences: readonly Difference[];
}

export interface FoundThere {
  /** Null: it does not say. */
  readonly version: string | null;
  readonly image: string;
  readonly replicas: number;
}

export interface LookReport {
  readonly seen: Seen | { readonly kind: 'unreadable'; readonly message: string };
  readonly missingRights: readonly MissingRight[] | null;
}

/** What is known after a look; where it could not read the place, what was known before stays. `released` null: nothing was. */
export function afterLook(
  before: PlaceLook,
  { seen, missingRights }: LookReport,
  released: Released | null,
  at: number,
): PlaceLook {
  if (seen.kind === 'unreadable') {
    return { ...before, triedAt: at, problem: seen.message, missingRights };
  }
  const differences = released === null ? [] : driftOf(released, seen);
  return {
    lookedAt: at,
    triedAt: at,
    problem: seen.kind === 'gone' ? (seen.message ?? null) : null,
    drift: differences.length === 0 ? null : { since: before.drift?.since ?? at, differences },
    runs: seen.kind === 'gone' ? null : foundThere(seen),
    missingRights,
  };
}

const foundThere = ({ version, image, replicas }: FoundThere): FoundThere => ({ version, image, replicas });

/** What is wrong with a place, each in one line; empty: nothing is known to be. */
export function wrongWith({
  problem,
  differences,
  missingRights,
}: {
  readonly problem: string | null;
  readonly differences: readonly Difference[];
  readonly missingRights?: readonly MissingRight[] | null | undefined;
}): readonly string[] {
  const missing = missingRights ?? [];
  return [
    ...(problem === null ? [] : [problem]),
    ...(differences.length === 0
      ? []
      : [`not as it was released: ${differences.map(differenceInWords).join('; ')}`]),
    ...(missing.length === 0 ? [] : [`its credentials may not ${missingInWords(missing)}`]),
  ];
}

/** For the log of a rollout that goes to this cluster now; null: its last look has found nothing wrong. */
export function lookWarning(
  cluster: string,
  { triedAt, problem, drift, missingRights }: PlaceLook,
  now: number,
): string | null {
  const wrong = wrongWith({ problem, differences: drift?.differences ?? [], missingRights });
  if (triedAt === null || wrong.length === 0) return null;
  const age = formatDuration(now - triedAt);
  return `Warning: cluster "${cluster}", as a worker saw it ${age} ago: ${wrong.join(', and ').replaceAll('\n', ' ')}`;
}
