// Which of the stages that wait for a worker are handed to the workers' queues now.
//
// Between projects: weighted max-min of the slots in use, and among equals start-time fair queueing, so that turns are
// shared even where there is a single slot (Goyal, Vin, Cheng: "Start-time Fair Queueing", 1996, with every stage
// counted as 1). Inside a project: priority, then the order of the runs; every eighth stage is the one that has
// waited longest, so that nothing waits without end.
import { compareInProject, longestWaiting, type PendingAttempt } from './line.ts';

/** How much of a pool a project uses, and what it was given before. */
export interface Share {
  readonly project: string;
  readonly weight: number;
  /** Slots of this pool that it has: running, or handed to the queue. */
  readonly inUse: number;
  /** Of all pools together; null: no limit. */
  readonly roomInQuota: number | null;
  /** Start tag of its last grant; 0: it had none. */
  readonly startTag: number;
  readonly grants: number;
}

export interface PoolToServe {
  /** How many may be granted now. */
  readonly room: number;
  /** Largest start tag that anyone was granted at in this pool. */
  readonly virtualTime: number;
  readonly shares: readonly Share[];
  /** Enough of each project's line: the first `room` in its order, and as many that have waited longest. */
  readonly pending: readonly PendingAttempt[];
}

export interface Grants {
  /** In the order of the decision. */
  readonly granted: readonly PendingAttempt[];
  /** Those that changed. */
  readonly shares: readonly Share[];
}

export const turnsPerOldest = 8;

export function decideGrants({ room, virtualTime, shares, pending }: PoolToServe): Grants {
  const lines = new Map(shares.map((share) => [share.project, openLine(share, pending)]));
  const granted: PendingAttempt[] = [];
  let now = virtualTime;
  while (granted.length < room) {
    const line = nextLine([...lines.values()], now);
    if (line === null) break;
    const attempt = takeNext(line);
    if (attempt === undefined) break;
    const startTag = startOf(line.share, now);
    now = Math.max(now, startTag);
    const { share } = line;
    line.share = {
      ...share,
      inUse: share.inUse + 1,
      roomInQuota: share.roomInQuota === null ? null : share.roomInQuota - 1,
      startTag,
      grants: share.grants + 1,
    };
    granted.push(attempt);
  }
  const before = new Map(shares.map((share) => [share.project, share]));
  const changed = [...lines.values()].map((line) => line.share);
  return { granted, shares: changed.filter((share) => before.get(share.project) !== share) };
}

interface Line {
  share: Share;
  readonly waiting: Set<PendingAttempt>;
  readonly inOrder: readonly PendingAttempt[];
  readonly byAge: readonly PendingAttempt[];
}

function openLine(share: Share, pending: readonly PendingAttempt[]): Line {
  const own = pending.filter((attempt) => attempt.project === share.project);
  return {
    share,
    waiting: new Set(own),
    inOrder: own.toSorted(compareInProject),
    byAge: own.toSorted(longestWaiting),
  };
}

/** The project that has least of the pool for its weight; among equals, the one whose turn is earliest. */
function nextLine(lines: readonly Line[], now: number): Line | null {
  const open = lines.filter(({ share, waiting }) => waiting.size > 0 && share.roomInQuota !== 0);
  let best: Line | null = null;
  for (const line of open) if (best === null || comesBefore(line.share, best.share, now)) best = line;
  return best;
}

function comesBefore(a: Share, b: Share, now: number): boolean {
  const used = a.inUse / a.weight - b.inUse / b.weight;
  if (used !== 0) return used < 0;
  const turn = startOf(a, now) - startOf(b, now);
  return turn === 0 ? a.project < b.project : turn < 0;
}

/** Who was away does not save up turns. */
const startOf = (share: Share, now: number): number =>
  share.grants === 0 ? now : Math.max(now, share.startTag + 1 / share.weight);

function takeNext({ share, waiting, inOrder, byAge }: Line): PendingAttempt | undefined {
  const order = (share.grants + 1) % turnsPerOldest === 0 ? byAge : inOrder;
  const next = order.find((attempt) => waiting.has(attempt));
  if (next !== undefined) waiting.delete(next);
  return next;
}
