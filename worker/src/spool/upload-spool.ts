import type { Logger } from 'pino';
import { unreachable } from '@sluice/pipelines/result';
import { createBackoff, type Backoff } from '../server-client/backoff.ts';
import type { PostAnswer, RecordsClient } from '../server-client/records-client.ts';
import type { Spool } from './spool.ts';
import { timeLimit } from '../time-limit.ts';

export interface UploadEvents {
  /** The server asks for the attempt's end; may be said more than once. */
  readonly onCancel: (reason: string) => void;
  /** Somebody else holds the attempt now, or the server does not know it: nothing more may be told about it. */
  readonly onLost: (message: string) => void;
  readonly log: Logger;
  /** The clock of the records' times. */
  readonly now: () => number;
}

/**
 * Posts what is pending, in order, one batch at a time, until `signal` aborts or the attempt is lost. While the
 * server is away or fails, the same batch is tried again, for as long as it takes. Never rejects.
 */
export async function uploadSpool(
  client: RecordsClient,
  spool: Spool,
  events: UploadEvents,
  signal: AbortSignal,
  backoff: Backoff = createBackoff({ firstMs: 100, maxMs: 5_000 }),
): Promise<void> {
  let isAway = false;
  while (!signal.aborted) {
    if (spool.pending(batchLimit).length === 0) {
      await spool.changed(signal);
      continue;
    }
    await gatherCompany(spool, signal);
    const batch = spool.pending(batchLimit);
    const answer = await client.postRecords(spool.header, batch, events.now(), signal);
    const goOn = take(answer, spool, events);
    if (!goOn) return;
    // A refused token is told once for the whole worker.
    if (answer.kind === 'away' && !isAway && !answer.isTokenRefused)
      events.log.warn({ attemptId: spool.header.attemptId, records: batch.length }, answer.message);
    isAway = answer.kind === 'away';
    const hasAdvanced = answer.kind === 'accepted' && answer.ack.acknowledged >= (batch[0]?.number ?? 0);
    if (hasAdvanced) backoff.reset();
    else await backoff.wait(signal);
  }
}

/** What a step says at once shares the round trip of its start. */
async function gatherCompany(spool: Spool, signal: AbortSignal): Promise<void> {
  const enough = AbortSignal.any([signal, timeLimit(gatherMs)]);
  while (!enough.aborted && spool.pending(batchLimit).every((record) => record.mayWait)) {
    await spool.changed(enough);
  }
}

const gatherMs = 25;

/** The server's limits are 1,000 records and 10,000 lines a record; bytes are JSON. */
const batchLimit = { records: 500, bytes: 1024 * 1024 };

function take(answer: PostAnswer, spool: Spool, { onCancel, onLost }: UploadEvents): boolean {
  switch (answer.kind) {
    case 'accepted':
      spool.acknowledge(answer.ack.acknowledged);
      if (answer.ack.cancel !== null) onCancel(answer.ack.cancel);
      return true;
    case 'away':
      return true;
    case 'lost':
      onLost(answer.message);
      return false;
    default:
      return unreachable(answer);
  }
}
