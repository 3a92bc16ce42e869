// Where replicas share traffic evenly, a share is a number of replicas. At most one replica more than the old
// version has is used, and never one less.

export interface ReplicaShare {
  readonly canary: number;
  readonly stable: number;
}

/** Replicas of both sides whose share comes closest to `percent`; at least one a side where 0 < percent < 100. */
export function replicaShare(percent: number, replicas: number): ReplicaShare {
  const all = Math.max(1, replicas);
  if (percent <= 0) return { canary: 0, stable: all };
  if (percent >= 100) return { canary: all, stable: 0 };
  const candidates = [all, all + 1].flatMap((total) => splits(total));
  return candidates.reduce(
    (best, next) => (distance(next, percent) < distance(best, percent) ? next : best),
    {
      canary: 1,
      stable: all,
    },
  );
}

function splits(total: number): readonly ReplicaShare[] {
  return Array.from({ length: total - 1 }, (_, index) => ({ canary: index + 1, stable: total - index - 1 }));
}

function distance({ canary, stable }: ReplicaShare, percent: number): number {
  return Math.abs((100 * canary) / (canary + stable) - percent);
}
