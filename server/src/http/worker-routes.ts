// The workers' door. What stands here is mounted behind the check of the worker token.
import { parseActionReport } from '@sluice/pipelines/protocol/action-report';
import {
  actionClaimRequest,
  adoptRequest,
  claimRequest,
  heartbeat,
  heldRequest,
  holdEnd,
  holdRequest,
  recordBatch,
  type HeldAttempts,
} from '@sluice/pipelines/protocol/worker-api';
import express, { type Router } from 'express';
import { z } from 'zod';
import type { ServerContext } from '../context.ts';
import { hearHeartbeat } from '../ingest/heartbeat.ts';
import { ingestRecords } from '../ingest/ingest-records.ts';
import { keepHeld } from '../orchestrator/keep-held.ts';
import { adoptAttempt } from '../orchestrator/adopt-attempt.ts';
import { claimAction } from '../orchestrator/claim-action.ts';
import { claimAttempt } from '../orchestrator/claim-attempt.ts';
import { openWorkerDoor } from '../orchestrator/worker-door.ts';
import { reportAction } from '../orchestrator/report-action.ts';
import { driftRoutes } from './drift-routes.ts';
import { acknowledged, exchangeRoute } from './exchange-route.ts';
import { grantHold, holdEnded } from '../shell/holds.ts';
import { orphanRoutes } from './orphan-routes.ts';
import { pastRoute } from './past-route.ts';
import { uuidParameter } from './path-parameter.ts';
import { parseBody, ProblemError } from './problem.ts';
import { workerBlobRoutes } from './blob-routes.ts';
import { contentRoute, keptFileRoutes } from './kept-file-routes.ts';
import { workerReportRoutes } from './report-routes.ts';

/** A batch is about 1 MB; a single record with 10,000 long lines may be far larger. */
const largestBatch = '64mb';

export function workerRoutes(context: ServerContext): Router {
  const router = express.Router();
  const door = openWorkerDoor(context);
  router.use(workerBlobRoutes(context), contentRoute(context), pastRoute(context));
  router.use(express.json({ limit: largestBatch }));
  router.use(keptFileRoutes(context));
  router.use(workerReportRoutes(context), orphanRoutes(context), driftRoutes(context));

  router.post('/claims', async (request, response) => {
    response.json(await claimAttempt(context, parseBody(claimRequest, request), door));
  });

  router.use(exchangeRoute(context, door));

  router.post('/held', async (request, response) => {
    const { workerId } = parseBody(heldRequest, request);
    response.json({ attempts: await keepHeld(context, workerId) } satisfies HeldAttempts);
  });

  router.post('/attempts/:id/adopt', async (request, response) => {
    const attemptId = uuidParameter(request.params.id, 'attempt');
    response.json(await adoptAttempt(context, attemptId, parseBody(adoptRequest, request)));
  });

  router.post('/attempts/:id/records', async (request, response) => {
    const attemptId = uuidParameter(request.params.id, 'attempt');
    response.json(
      acknowledged(await ingestRecords(context, attemptId, parseBody(recordBatch, request), door)),
    );
  });

  router.post('/attempts/:id/hold', async (request, response) => {
    const attemptId = uuidParameter(request.params.id, 'attempt');
    const result = await grantHold(context, attemptId, parseBody(holdRequest, request));
    if (!result.ok) throw new ProblemError(409, result.error.reason, result.error.message);
    response.json(result.value);
  });

  router.post('/attempts/:id/hold/end', async (request, response) => {
    const attemptId = uuidParameter(request.params.id, 'attempt');
    const { workerId, reason } = parseBody(holdEnd, request);
    await holdEnded(context, attemptId, workerId, reason);
    response.json({});
  });

  router.post('/heartbeat', async (request, response) => {
    response.json(await hearHeartbeat(context, parseBody(heartbeat, request)));
  });

  router.post('/actions/claims', async (request, response) => {
    response.json(await claimAction(context, parseBody(actionClaimRequest, request)));
  });

  router.post('/actions/:rolloutId/:action/result', async (request, response) => {
    const rolloutId = uuidParameter(request.params.rolloutId, 'rollout');
    const action = z.coerce.number().int().min(1).safeParse(request.params.action).data ?? 0;
    const report = parseActionReport(request.body);
    if (!report.ok) throw new ProblemError(400, 'bad-body', report.error);
    const result = await reportAction(context, rolloutId, action, report.value);
    if (!result.ok) throw new ProblemError(409, result.error.reason, result.error.message);
    response.json({});
  });
  return router;
}
