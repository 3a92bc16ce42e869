// One look at everything on which attempts make things:
//
//   list ─► ask the server how their attempts stand ─► decide ─► tell how many orphans ─► remove ─► tell what is left
//
// A place that does not answer is passed over; what could not be told is told with the next look.
import { decideOrphan, type AttemptStanding } from '@sluice/pipelines/orphans/decide-orphan';
import {
  mostAsked,
  type OrphanLook,
  type OrphanKind,
  type RemovedOrphan,
} from '@sluice/pipelines/protocol/orphans';
import type { Logger } from 'pino';
import type { OrphansClient } from '../server-client/orphans-client.ts';
import type { FoundThing, Listing, OrphanPlace } from './orphan-place.ts';

export interface OrphanSearch {
  readonly server: OrphansClient;
  readonly workerId: string;
  readonly places: readonly OrphanPlace[];
  /** Attempts (ids) that this process has under way. */
  readonly underWay: { readonly has: (attemptId: string) => boolean };
  readonly everyMs: number;
  readonly overMs: number;
  readonly unknownMs: number;
  readonly log: Logger;
}

interface Looked extends Listing {
  readonly kinds: readonly OrphanKind[];
  readonly orphans: readonly Orphan[];
}

interface Orphan {
  readonly thing: FoundThing;
  readonly reason: string;
}

/** `untold`: removals that the server has not heard of; the next look takes them along. Rejects when the server does not answer. */
export async function lookForOrphans(
  search: OrphanSearch,
  untold: RemovedOrphan[],
  signal: AbortSignal,
): Promise<void> {
  const { installation } = await search.server.standings({ workerId: search.workerId, attempts: [] });
  const looked: Looked[] = [];
  for (const place of search.places) {
    signal.throwIfAborted();
    const listing = await listed(place, installation, search.log, signal);
    if (listing === null) continue;
    looked.push({
      ...listing,
      kinds: place.kinds,
      orphans: await judge(search, installation, listing.found),
    });
  }
  await tell(search, looked.map(countsOf).flat(), untold);
  const left = [];
  for (const place of looked) left.push(...countsOf(await removeFrom(search, place, untold, signal)));
  if (looked.some(({ orphans }) => orphans.length > 0)) await tell(search, left, untold);
}

async function listed(
  place: OrphanPlace,
  installation: string,
  log: Logger,
  signal: AbortSignal,
): Promise<Listing | null> {
  try {
    return await place.list(installation, signal);
  } catch (error) {
    log.debug(
      { err: error, kinds: place.kinds },
      'could not look for orphans here; tried again at the next look',
    );
    return null;
  }
}

async function judge(
  search: OrphanSearch,
  installation: string,
  found: readonly FoundThing[],
): Promise<readonly Orphan[]> {
  const named = new Map(found.map(({ attempt }) => [JSON.stringify(attempt), attempt]));
  const standings = new Map<string, AttemptStanding>();
  const names = [...named.entries()];
  for (let start = 0; start < names.length; start += mostAsked) {
    const page = names.slice(start, start + mostAsked);
    const attempts = page.map(([, attempt]) => attempt);
    const answer = await search.server.standings({ workerId: search.workerId, attempts });
    answer.attempts.forEach((standing, at) => standings.set(page[at]?.[0] ?? '', standing));
  }
  const rule = { ...search, installation };
  return found.flatMap((thing) => {
    const standing = standings.get(JSON.stringify(thing.attempt));
    const fate = standing === undefined ? null : decideOrphan(thing, standing, rule);
    return fate?.kind === 'remove' ? [{ thing, reason: fate.reason }] : [];
  });
}

/** One after another, in the order of the listing; gives what could not be removed. */
async function removeFrom(
  { log }: OrphanSearch,
  place: Looked,
  untold: RemovedOrphan[],
  signal: AbortSignal,
): Promise<Looked> {
  const left: Orphan[] = [];
  for (const orphan of place.orphans) {
    const { thing, reason } = orphan;
    const { kind, name, attempt } = thing;
    const about = { orphan: kind, name, engine: place.engine, attempt };
    try {
      const removal = signal.aborted ? 'stays' : await thing.remove();
      if (removal === 'stays') left.push(orphan);
      if (removal !== 'removed') continue;
      log.warn({ ...about, reason }, 'removed what an attempt had left');
      if (untold.length < mostUntold) untold.push({ engine: place.engine, kind, name, reason, attempt });
    } catch (error) {
      left.push(orphan);
      log.error(
        { ...about, err: error },
        'what an attempt had left could not be removed; tried again at the next look',
      );
    }
  }
  return { ...place, orphans: left };
}

/** As many as the server takes at once. */
const mostUntold = 1_000;

function countsOf({ engine, kinds, orphans }: Looked): OrphanLook['counts'] {
  return kinds.map((kind) => ({
    engine,
    kind,
    orphans: orphans.filter(({ thing }) => thing.kind === kind).length,
  }));
}

async function tell(
  { server, workerId, everyMs }: OrphanSearch,
  counts: OrphanLook['counts'],
  untold: RemovedOrphan[],
): Promise<void> {
  await server.looked({ workerId, everyMs, counts, removed: untold });
  untold.length = 0;
}
