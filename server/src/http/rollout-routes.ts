import express, { type Router } from 'express';
import { z } from 'zod';
import type { ServerContext } from '../context.ts';
import { breakGlass, type GlassProblem } from '../orchestrator/break-glass.ts';
import { steerRollout, type SteerProblem } from '../orchestrator/steer-rollout.ts';
import { findRollout } from '../store/rollout-store.ts';
import { deployWorkOf } from '../views/deploy-work-of.ts';
import { replayView } from '../views/replay-view.ts';
import { rolloutView } from '../views/rollout-view.ts';
import { foundOr404, uuidParameter } from './path-parameter.ts';
import { parseBody, ProblemError } from './problem.ts';
import { reasonBody } from './run-routes.ts';
import { userOf } from './signed-in.ts';

export const replayBody = z.object({
  /** Text of a pipeline file. */
  pipeline: z.string().max(200_000),
  /** Its deploy stage; absent: the rollout's. */
  stage: z.string().max(200).optional(),
});

export const glassBody = z.object({
  reason: z.string().trim().min(1, 'say why it cannot wait').max(2_000),
});

export function rolloutRoutes(context: ServerContext): Router {
  const router = express.Router();

  router.get('/rollouts/:id', async (request, response) => {
    const id = uuidParameter(request.params.id, 'rollout');
    response.json(foundOr404(await rolloutView(context.db, id), 'rollout'));
  });

  router.get('/rollouts/:id/replay', async (request, response) => {
    const id = uuidParameter(request.params.id, 'rollout');
    response.json(foundOr404(await replayView(context.db, id), 'rollout'));
  });

  router.post('/rollouts/:id/replay', async (request, response) => {
    const id = uuidParameter(request.params.id, 'rollout');
    const { pipeline, stage } = parseBody(replayBody, request);
    const found = foundOr404(await findRollout(context.db, id), 'rollout');
    const work = deployWorkOf(pipeline, stage ?? found.stage);
    if (!work.ok) throw new ProblemError(422, work.error.reason, work.error.message);
    response.json(foundOr404(await replayView(context.db, id, work.value), 'rollout'));
  });

  for (const kind of ['abort', 'hold', 'promote', 'resume', 'give-up'] as const) {
    router.post(`/rollouts/:id/${kind}`, async (request, response) => {
      const id = uuidParameter(request.params.id, 'rollout');
      const reason = parseBody(reasonBody, request).reason || 'no reason given';
      const by = { user: userOf(response), from: request.ip ?? null };
      const result = await steerRollout(context, id, kind, by, reason);
      if (!result.ok)
        throw new ProblemError(statusOf[result.error.reason], result.error.reason, result.error.message);
      response.status(202).json({});
    });
  }
  router.post('/rollouts/:id/break-glass', async (request, response) => {
    const id = uuidParameter(request.params.id, 'rollout');
    const { reason } = parseBody(glassBody, request);
    const by = { user: userOf(response), from: request.ip ?? null };
    const result = await breakGlass(context, id, by, reason);
    if (!result.ok)
      throw new ProblemError(statusOf[result.error.reason], result.error.reason, result.error.message);
    response.status(202).json({});
  });
  return router;
}

const statusOf = {
  'unknown-rollout': 404,
  'rollout-ended': 409,
  'rollout-waits': 409,
  'rollout-frozen': 409,
  'not-blocked': 409,
  'cannot-hold': 409,
  'cannot-promote': 409,
  'cannot-resume': 409,
  'not-frozen': 409,
  'may-not-break-glass': 403,
} satisfies Record<SteerProblem['reason'] | GlassProblem['reason'], number>;
