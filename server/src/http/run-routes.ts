import { vote } from '@sluice/pipelines/protocol/api';
import express, { type Request, type Router } from 'express';
import { z } from 'zod';
import type { ServerContext } from '../context.ts';
import { castVote, type VoteProblem } from '../orchestrator/cast-vote.ts';
import { requestCancel, requestStageCancel } from '../orchestrator/request-cancel.ts';
import { recordAudit } from '../store/audit-store.ts';
import { listRuns } from '../store/run-store.ts';
import { runSummaries, runViewWithWaits } from '../views/run-view.ts';
import { foundOr404, uuidParameter } from './path-parameter.ts';
import { parseBody, parseQuery, ProblemError } from './problem.ts';
import { userOf } from './signed-in.ts';

export const runQuery = z.object({
  project: z.string().nullable().default(null),
  status: z
    .enum(['running', 'succeeded', 'failed', 'cancelled', 'awaiting-approval', 'held'])
    .nullable()
    .default(null),
  branch: z.string().nullable().default(null),
  pipeline: z.string().nullable().default(null),
  /** Words that must all occur: in the commit's message, its author, the branch … `#12` is a run's number. */
  search: z.string().max(500).default(''),
  /** `next` of the page before. */
  before: z.coerce.number().int().nullable().default(null),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

export const reasonBody = z.object({ reason: z.string().trim().max(2_000).default('') });

export const cancelBody = reasonBody.extend({
  /** After a first cancel: do not wait for clean-up. */
  force: z.boolean().default(false),
});

export function runRoutes(context: ServerContext): Router {
  const router = express.Router();

  router.get('/runs', async (request, response) => {
    const query = parseQuery(runQuery, request);
    const runs = await listRuns(context.db, { ...query, limit: query.limit + 1 });
    const page = runs.slice(0, query.limit);
    const last = runs.length > query.limit ? page.at(-1) : undefined;
    response.json({
      runs: await runSummaries(context.db, page),
      next: last === undefined ? null : String(last.number),
    });
  });

  router.get('/runs/:id', async (request, response) => {
    const runId = uuidParameter(request.params.id, 'run');
    response.json(foundOr404(await runViewWithWaits(context.db, runId, context.now()), 'run'));
  });

  router.post('/runs/:id/cancel', async (request, response) => {
    const runId = uuidParameter(request.params.id, 'run');
    const { reason, force } = cancelOf(request);
    const who = userOf(response);
    if (!(await requestCancel(context, runId, who, reason, force))) foundOr404(null, 'run');
    const [at, from] = [context.now(), request.ip ?? null];
    await recordAudit(context.db, {
      who,
      what: 'run-cancelled',
      target: runId,
      detail: { reason, force },
      at,
      from,
    });
    response.status(202).json({});
  });

  router.post('/runs/:id/stages/:stage/cancel', async (request, response) => {
    const place = { runId: uuidParameter(request.params.id, 'run'), stage: request.params.stage };
    const { reason, force } = cancelOf(request);
    const who = userOf(response);
    const result = await requestStageCancel(context, place, who, reason, force);
    if (!result.ok) throw new ProblemError(404, 'unknown-stage', result.error);
    const [at, from] = [context.now(), request.ip ?? null];
    await recordAudit(context.db, {
      who,
      what: 'stage-cancelled',
      target: `${place.runId}/${place.stage}`,
      detail: { reason, force },
      at,
      from,
    });
    response.status(202).json({});
  });

  router.post('/runs/:id/stages/:stage/vote', async (request, response) => {
    const place = { runId: uuidParameter(request.params.id, 'run'), stage: request.params.stage };
    const result = await castVote(context, place, userOf(response), parseBody(vote, request));
    if (!result.ok)
      throw new ProblemError(statusOf[result.error.reason], result.error.reason, result.error.message);
    response.status(202).json({});
  });
  return router;
}

function cancelOf(request: Request): { readonly reason: string; readonly force: boolean } {
  const { reason, force } = parseBody(cancelBody, request);
  return { reason: reason || 'no reason given', force };
}

const statusOf = {
  'unknown-stage': 404,
  'nothing-to-vote-on': 409,
  'stale-evidence': 409,
  'other-image': 409,
  'too-late': 409,
  'already-voted': 409,
  'may-not-vote': 403,
} satisfies Record<VoteProblem['reason'], number>;
