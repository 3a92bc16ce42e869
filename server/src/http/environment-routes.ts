import { environmentConfig, placesOf } from '@sluice/pipelines/protocol/environment';
import { freezeRules } from '@sluice/pipelines/freeze/freeze-rules';
import express, { type Router } from 'express';
import { z } from 'zod';
import type { ServerContext } from '../context.ts';
import { checkEnvironment, type CheckProblem } from '../orchestrator/check-environment.ts';
import { rollBackEnvironment, type RollbackProblem } from '../orchestrator/roll-back-environment.ts';
import { saveFreezeWindows } from '../orchestrator/save-freeze-windows.ts';
import { recordAudit } from '../store/audit-store.ts';
import { keepLooks } from '../store/drift-store.ts';
import { saveEnvironment } from '../store/environment-store.ts';
import { deployWorkTo } from '../views/deploy-work-of.ts';
import { environmentCheckView } from '../views/environment-check-view.ts';
import { environmentViews, freezeView, releaseViews } from '../views/environment-view.ts';
import { preflightView } from '../views/preflight-view.ts';
import { pageQuery } from './page-query.ts';
import { parseBody, parseQuery, ProblemError } from './problem.ts';
import { userOf } from './signed-in.ts';

export const rollbackBody = z.object({
  /** Default: the release before the present one. */
  releaseId: z.uuid().nullable().default(null),
  reason: z.string().trim().max(2_000).default(''),
});

export const preflightBody = z.object({
  /** Text of a pipeline file; default: the settings of the last release. */
  pipeline: z.string().max(200_000).nullable().default(null),
  /** Its deploy stage; default: the one that goes to this environment. */
  stage: z.string().max(200).nullable().default(null),
});

export const checkBody = z.object({
  /** Default: all places of the environment. */
  cluster: z.string().max(300).nullable().default(null),
});

export function environmentRoutes(context: ServerContext): Router {
  const router = express.Router();

  router.get('/environments', async (_request, response) => {
    response.json({ environments: await environmentViews(context.db, context.now()) });
  });

  router.get('/environments/:name/releases', async (request, response) => {
    const { name } = request.params;
    const releases = await releaseViews(context.db, name, parseQuery(pageQuery, request));
    if (releases === null) {
      throw new ProblemError(404, 'unknown-environment', `There is no environment "${name}".`);
    }
    response.json({ releases });
  });

  router.put('/environments/:name', async (request, response) => {
    const target = parseBody(environmentConfig.shape.target, request);
    const name = environmentConfig.shape.name.safeParse(request.params.name);
    if (!name.success) {
      const rule = name.error.issues[0]?.message ?? 'not a name';
      throw new ProblemError(400, 'bad-name', `The name of an environment: ${rule}.`);
    }
    const [who, at, from] = [userOf(response), context.now(), request.ip ?? null];
    await context.db.transaction().execute(async (trx) => {
      await saveEnvironment(trx, { name: name.data, target, at });
      const clusters = placesOf(target).map(({ cluster }) => cluster);
      await keepLooks(trx, name.data, clusters);
      await recordAudit(trx, { who, what: 'environment-saved', target: name.data, detail: target, at, from });
    });
    response.json({ name: name.data, target });
  });

  router.put('/environments/:name/freeze', async (request, response) => {
    const freeze = parseBody(freezeRules, request);
    const { name } = request.params;
    const by = { user: userOf(response), from: request.ip ?? null };
    const isSaved = await saveFreezeWindows(context, name, freeze, by);
    if (!isSaved) throw new ProblemError(404, 'unknown-environment', `There is no environment "${name}".`);
    response.json(freezeView(freeze, context.now()));
  });

  router.post('/environments/:name/preflight', async (request, response) => {
    const { pipeline, stage } = parseBody(preflightBody, request);
    const { name } = request.params;
    const work = pipeline === null ? null : deployWorkTo(pipeline, name, stage);
    if (work?.ok === false) throw new ProblemError(422, work.error.reason, work.error.message);
    const view = await preflightView(context.db, name, work?.value ?? null);
    if (!view.ok) {
      const status = view.error.reason === 'unknown-environment' ? 404 : 409;
      throw new ProblemError(status, view.error.reason, view.error.message);
    }
    response.json(view.value);
  });

  router.post('/environments/:name/check', async (request, response) => {
    const { cluster } = parseBody(checkBody, request);
    const by = { user: userOf(response), from: request.ip ?? null };
    const result = await checkEnvironment(context, request.params.name, cluster, by);
    if (!result.ok)
      throw new ProblemError(statusOf[result.error.reason], result.error.reason, result.error.message);
    response.status(202).json({});
  });

  router.get('/environments/:name/check', async (request, response) => {
    const { name } = request.params;
    const view = await environmentCheckView(context.db, name);
    if (view === null) {
      throw new ProblemError(404, 'unknown-environment', `There is no environment "${name}".`);
    }
    response.json(view);
  });

  router.post('/environments/:name/rollback', async (request, response) => {
    const { releaseId, reason } = parseBody(rollbackBody, request);
    const by = { user: userOf(response), from: request.ip ?? null };
    const result = await rollBackEnvironment(context, request.params.name, {
      releaseId,
      by,
      reason: reason || 'no reason given',
    });
    if (!result.ok)
      throw new ProblemError(statusOf[result.error.reason], result.error.reason, result.error.message);
    response.status(201).json(result.value);
  });
  return router;
}

const statusOf = {
  'unknown-environment': 404,
  'unknown-release': 404,
  'no-earlier-release': 409,
  'unknown-cluster': 404,
  'rollout-under-way': 409,
} satisfies Record<(RollbackProblem | CheckProblem)['reason'], number>;
