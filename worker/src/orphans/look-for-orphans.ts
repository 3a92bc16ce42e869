// One look at everything on which attempts make things:
//
//   list ─► ask the server how their attempts stand ─► decide ─► tell how many orphans ─► remove ─► tell what is left
//
// A place that does not answer is passed over; what could not be told is told with the next look.
import { decideOrphan, type AttemptStanding, type OrphanRule } from '@sluice/pipelines/orphans/decide-orphan';
import { mostAsked, type OrphanLook, type RemovedOrphan } from '@sluice/pipelines/protocol/orphans';
import type { Logger } from 'pino';
import type { OrphansClient } from '../server-client/orphans-client.ts';
import type { CanaryWatch } from './canary-watch.ts';
import type { FoundThing, Listing, OrphanPlace } from './orphan-place.ts';

export interface OrphanSearch extends Omit<OrphanRule, 'installation'> {
  readonly server: OrphansClient;
  readonly workerId: string;
  readonly places: readonly OrphanPlace[];
  /** Null: this worker deploys to no Docker host. */
  readonly canaries: CanaryWatch | null;
  readonly everyMs: number;
  readonly log: Logger;
}

interface Looked extends Omit<Listing, 'found'> {
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
  const rule = { ...search, installation };
  const looked: Looked[] = [];
  for (const place of search.places) {
    if (signal.aborted) return;
    const listing = await tried(search.log, place.name, () => place.list(installation));
    if (listing !== null) looked.push({ ...listing, orphans: await judge(search, rule, listing.found) });
  }
  await tell(search, [...looked.flatMap(countsOf), ...(await countCanaries(search, rule))], untold);
  if (looked.every(({ orphans }) => orphans.length === 0)) return;
  const left: Looked[] = [];
  for (const place of looked) left.push(await removeFrom(search, place, untold, signal));
  await tell(search, left.flatMap(countsOf), untold);
}

/** Null when it does not answer. */
async function tried<T>(log: Logger, what: string, work: () => Promise<T>): Promise<T | null> {
  try {
    return await within(patienceMs, work());
  } catch (error) {
    log.debug({ err: error }, `${what} could not be asked for orphans; tried again at the next look`);
    return null;
  }
}

async function judge(
  { server, workerId }: OrphanSearch,
  rule: OrphanRule,
  found: readonly FoundThing[],
): Promise<readonly Orphan[]> {
  const names = [...new Map(found.map(({ attempt }) => [JSON.stringify(attempt), attempt])).entries()];
  const standings = new Map<string, AttemptStanding>();
  for (let start = 0; start < names.length; start += mostAsked) {
    const page = names.slice(start, start + mostAsked);
    const answer = await server.standings({ workerId, attempts: page.map(([, attempt]) => attempt) });
    answer.attempts.forEach((standing, at) => standings.set(page[at]?.[0] ?? '', standing));
  }
  return found.flatMap((thing) => {
    const standing = standings.get(JSON.stringify(thing.attempt));
    const fate = standing === undefined ? null : decideOrphan(thing, standing, rule);
    return fate?.kind === 'remove' ? [{ thing, reason: fate.reason }] : [];
  });
}

async function countCanaries(
  { server, workerId, canaries, log }: OrphanSearch,
  rule: OrphanRule,
): Promise<OrphanLook['counts']> {
  if (canaries === null) return [];
  const quietFor = async (environments: readonly string[]) =>
    (await server.standings({ workerId, attempts: [], environments: [...environments] })).environments;
  return (await tried(log, canaries.name, () => canaries.count(rule, quietFor))) ?? [];
}

/** One after another, in the order of the listing; gives what could not be removed. */
async function removeFrom(
  { log }: OrphanSearch,
  place: Looked,
  untold: RemovedOrphan[],
  signal: AbortSignal,
): Promise<Looked> {
  const { engine } = place;
  const left: Orphan[] = [];
  for (const orphan of place.orphans) {
    const { reason, thing } = orphan;
    const { kind, name, attempt } = thing;
    const about = { orphan: kind, name, engine, attempt };
    try {
      const removal = signal.aborted ? 'stays' : await within(patienceMs, thing.remove());
      if (removal === 'stays' || removal === 'going') left.push(orphan);
      if (removal === 'stays' || removal === 'gone') continue;
      log.warn({ ...about, reason }, 'removed what an attempt had left');
      if (untold.length < mostUntold) untold.push({ engine, kind, name, reason, attempt });
    } catch (error) {
      left.push(orphan);
      log.error({ ...about, err: error }, 'what an attempt had left could not be removed; tried again');
    }
  }
  return { ...place, orphans: left };
}

/** What an engine has not answered by then, it answers at the next look or never. */
const patienceMs = 60_000;
/** As many as the server takes at once. */
const mostUntold = 1_000;

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms / 1_000} s`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

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
