import {
  claimRequest,
  exchange,
  report,
  type ExchangeAnswer,
  type Exchanged,
  type RecordAck,
} from '@sluice/pipelines/protocol/worker-api';
import type { Result } from '@sluice/pipelines/result';
import express, { type Router } from 'express';
import type { Logger } from 'pino';
import type { ServerContext } from '../context.ts';
import { ingestRecords, type IngestProblem } from '../ingest/ingest-records.ts';
import { claimAttempt } from '../orchestrator/claim-attempt.ts';
import type { WorkerDoor } from '../orchestrator/worker-door.ts';
import { parseBody, parseInput, ProblemError } from './problem.ts';

/** Many claims and reports in one request. They are begun in the same turn, so that they share transactions too. */
export function exchangeRoute(context: ServerContext, door: WorkerDoor): Router {
  const router = express.Router();
  router.post('/exchange', async (request, response) => {
    const { claims, reports } = parseBody(exchange, request);
    const claim = (input: unknown) => claimAttempt(context, parseInput(claimRequest, input, 'claim'), door);
    const take = async (input: unknown) => {
      const { attemptId, ...batch } = parseInput(report, input, 'report');
      return acknowledged(await ingestRecords(context, attemptId, batch, door));
    };
    const [claimed, taken] = await Promise.all([
      Promise.all(claims.map((input) => settle(request.log, () => claim(input)))),
      Promise.all(reports.map((input) => settle(request.log, () => take(input)))),
    ]);
    const answer: ExchangeAnswer = { claims: claimed, reports: taken };
    response.json(answer);
  });
  return router;
}

/** The acknowledgement, or the problem that answers a report. */
export function acknowledged(result: Result<RecordAck, IngestProblem>): RecordAck {
  if (result.ok) return result.value;
  throw new ProblemError(statusOf[result.error.reason], result.error.reason, result.error.message);
}

const statusOf = {
  'stale-fence': 409,
  'unknown-attempt': 404,
  'gap-in-log': 422,
} satisfies Record<IngestProblem['reason'], number>;

async function settle(log: Logger, work: () => Promise<unknown>): Promise<Exchanged> {
  try {
    return { kind: 'answered', answer: await work() };
  } catch (error) {
    if (error instanceof ProblemError) {
      const { status, reason, message } = error;
      return { kind: 'refused', status, reason, message };
    }
    log.error({ err: error }, 'a part of an exchange failed');
    return {
      kind: 'refused',
      status: 500,
      reason: 'internal-error',
      message: 'The server failed: see its log.',
    };
  }
}
