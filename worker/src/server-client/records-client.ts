import { recordAck, type RecordAck } from '@sluice/pipelines/protocol/worker-api';
import type { SpooledRecord, SpoolHeader } from '../spool/spooled-record.ts';
import type { Exchange } from './exchange.ts';
import { isTokenRefused, ServerRefusedError } from './http-door.ts';

export interface RecordsClient {
  /**
   * Posts records in order. Never rejects: what the server says is the answer. `sentAt`: what the clock of the records'
   * times shows now.
   */
  readonly postRecords: (
    attempt: SpoolHeader,
    records: readonly SpooledRecord[],
    sentAt: number,
    signal: AbortSignal,
  ) => Promise<PostAnswer>;
}

export type PostAnswer =
  | { readonly kind: 'accepted'; readonly ack: RecordAck }
  /** Try the same again: the server is unreachable, failing, or does not accept our token (an operator mends that). */
  | { readonly kind: 'away'; readonly message: string; readonly isTokenRefused: boolean }
  /** The fence is stale, the attempt is unknown, or the records are refused for what they are. */
  | { readonly kind: 'lost'; readonly message: string };

export function createRecordsClient(exchange: Pick<Exchange, 'report'>): RecordsClient {
  return {
    postRecords: async ({ attemptId, fence }, records, sentAt, signal) => {
      try {
        const batch = `{"fence":${fence},"sentAt":${sentAt},"records":[${records.map((record) => record.json).join(',')}]}`;
        const answer = await exchange.report(attemptId, batch, signal);
        return { kind: 'accepted', ack: recordAck.parse(answer) };
      } catch (error) {
        return answerFor(error);
      }
    },
  };
}

function answerFor(error: unknown): PostAnswer {
  const message = error instanceof Error ? error.message : String(error);
  if (isFinal(error)) return { kind: 'lost', message };
  return { kind: 'away', message, isTokenRefused: isTokenRefused(error) };
}

/** Whether the server itself has decided; a bare 404 or 403 may come from a proxy, or from a server set up wrongly. */
function isFinal(error: unknown): boolean {
  if (!(error instanceof ServerRefusedError)) return false;
  return error.reason === 'unknown-attempt' || [400, 409, 413, 422].includes(error.status);
}
