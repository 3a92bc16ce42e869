import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Logger } from 'pino';
import { hostClock } from '../attempt-clock.ts';
import { engineIdsOf, readSessionRecord } from '../executors/docker/session-record.ts';
import { readSessionRecord as readProcessRecord } from '../executors/process/session-record.ts';
import { historyOf, type AttemptHistory } from '../stages/attempt-history.ts';
import { readAttemptRecord, type AttemptRecord } from '../stages/attempt-record.ts';
import type { WorkerFolder } from '../worker-folder.ts';
import { findSpools } from './deliver-leftovers.ts';
import { readSpool } from './read-spool.ts';
import { unmadeSpool } from './spool-file.ts';
import type { SpooledRecord, SpoolHeader } from './spooled-record.ts';

/** Where another process left an attempt that can be taken up again. */
export interface EarlierAttempt {
  /** Of its spool on this host; null: another worker had it, and the server told of it. */
  readonly path: string | null;
  readonly records: readonly SpooledRecord[];
  readonly history: AttemptHistory;
  readonly record: AttemptRecord;
  /** False: no step was started, or all have ended; nothing of it goes on. */
  readonly wasUsed: boolean;
  /** Its container, if it has one. */
  readonly containerId: string | null;
  /** Everything on the Docker engine that it still needs, by id. */
  readonly engineIds: readonly string[];
}

/** One that a dead process of this worker had under way. */
export interface UnfinishedAttempt extends EarlierAttempt {
  readonly path: string;
  readonly header: SpoolHeader;
}

export interface LeftSpools {
  readonly unfinished: readonly UnfinishedAttempt[];
  /** To be delivered as they are. */
  readonly leftovers: readonly string[];
  /** Ids of all attempts that have a spool here. */
  readonly attempts: ReadonlySet<string>;
}

/** A spool is named `<attempt>-<fence>.jsonl`. */
const uuidLength = 36;

/** What earlier processes left in the spools' folder; called before this one makes any of its own. */
export async function sortSpools(folder: WorkerFolder, log: Logger): Promise<LeftSpools> {
  const newest = new Map<string, UnfinishedAttempt>();
  const leftovers: string[] = [];
  await removeUnmade(folder.spools);
  const paths = await findSpools(folder.spools);
  for (const path of paths) {
    const found = await readUnfinished(folder, path, log);
    const other = found === null ? undefined : newest.get(found.header.attemptId);
    if (found === null) leftovers.push(path);
    else if (other === undefined) newest.set(found.header.attemptId, found);
    else newest.set(found.header.attemptId, await keepNewer(found, other));
  }
  const attempts = new Set(paths.map((path) => basename(path).slice(0, uuidLength)));
  return { unfinished: [...newest.values()], leftovers, attempts };
}

/** A process was killed while it copied an earlier spool, which is still there. */
async function removeUnmade(spools: string): Promise<void> {
  const unmade = (await readdir(spools)).filter((name) => name.endsWith(unmadeSpool));
  for (const name of unmade) await rm(join(spools, name), { force: true });
}

/** Killed before it kept even when it began. */
function notBegun(): AttemptRecord {
  const clock = hostClock();
  return { startedAt: clock.now(), startedTick: clock.tick(), failure: null, outcome: null };
}

/** The newer one begins as a copy of the older one, which a process was killed before it could remove. */
async function keepNewer(one: UnfinishedAttempt, other: UnfinishedAttempt): Promise<UnfinishedAttempt> {
  const [newer, older] = one.header.fence > other.header.fence ? [one, other] : [other, one];
  await rm(older.path, { force: true });
  return newer;
}

async function readUnfinished(
  folder: WorkerFolder,
  path: string,
  log: Logger,
): Promise<UnfinishedAttempt | null> {
  try {
    const spool = await readSpool(path);
    if (spool === null || spool.isFinished || spool.isCut) return null;
    const root = join(folder.attempts, spool.header.attemptId);
    const history = historyOf(spool.events);
    const record = (await readAttemptRecord(root)) ?? (history?.records === 0 ? notBegun() : null);
    if (record === null || history === null) return null;
    const scratch = join(root, 'scratch');
    const isOver = record.outcome !== null;
    const session = isOver ? null : await readSessionRecord(scratch);
    const containerId = session?.containerId ?? null;
    const wasUsed = containerId !== null || (!isOver && (await readProcessRecord(scratch)) !== null);
    const { header, records } = spool;
    const engineIds = session === null ? [] : engineIdsOf(session);
    return { path, header, records, history, record, wasUsed, containerId, engineIds };
  } catch (error) {
    log.error({ err: error, path }, 'a spool of an earlier process could not be read');
    return null;
  }
}
