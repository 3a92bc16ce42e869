import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { WorkerRecord } from '@sluice/pipelines/protocol/worker-api';
import { createBackoff } from '../server-client/backoff.ts';
import type { RecordsClient } from '../server-client/records-client.ts';
import { lostRecord } from './lost-record.ts';
import { readSpool } from './read-spool.ts';
import type { SpooledRecord } from './spooled-record.ts';

/**
 * Delivers the spools that a dead worker process left, then deletes them. One without `finished` belongs to an
 * attempt that nobody takes up again: it is ended as `worker-lost`. Resolves when all are delivered, or
 * when `signal` aborts; what is left then waits for the next start. A spool that cannot be read is kept and named.
 */
export async function deliverLeftovers(
  client: RecordsClient,
  paths: readonly string[],
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(
    paths.map(async (path) => {
      try {
        const isDelivered = await deliver(client, path, log, signal);
        if (isDelivered) await rm(path, { force: true });
      } catch (error) {
        log.error({ err: error, path }, 'a spool of an earlier process could not be read; it is kept');
      }
    }),
  );
}

/** Paths of the spools in a folder; called before this process makes any of its own. */
export async function findSpools(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder);
  return names.filter((name) => name.endsWith('.jsonl')).map((name) => join(folder, name));
}

async function deliver(
  client: RecordsClient,
  path: string,
  log: Logger,
  signal: AbortSignal,
): Promise<boolean> {
  const spool = await readSpool(path);
  if (spool === null) return true;
  const backoff = createBackoff({ firstMs: 100, maxMs: 5_000 });
  const lost = spool.isFinished || spool.isCut ? null : lostRecord(spool.events, notTakenUp, Date.now());
  let rest = lost === null ? spool.records : [...spool.records, spooled(lost)];
  while (rest.length > 0) {
    if (signal.aborted) return false;
    const answer = await client.postRecords(spool.header, firstBatch(rest), Date.now(), signal);
    if (answer.kind === 'lost') {
      log.warn({ path }, `what an earlier process recorded is not wanted any more: ${answer.message}`);
      return true;
    }
    const before = rest.length;
    if (answer.kind === 'accepted') rest = rest.filter((record) => record.number > answer.ack.acknowledged);
    if (rest.length < before) backoff.reset();
    else await backoff.wait(signal);
  }
  log.info(
    { path, records: spool.records.length, isFinished: spool.isFinished },
    'delivered an earlier spool',
  );
  return true;
}

const notTakenUp = 'its server did not give it back, or its spool no longer holds all of it';

function spooled(record: WorkerRecord): SpooledRecord {
  return { number: record.number, json: JSON.stringify(record), mayWait: false };
}

function firstBatch(records: readonly SpooledRecord[]): readonly SpooledRecord[] {
  let bytes = 0;
  const end = records.findIndex((record, at) => (bytes += record.json.length) > 1024 * 1024 && at > 0);
  return records.slice(0, Math.min(500, end === -1 ? records.length : end));
}
