import { rerun, type Rerun, type RerunPreview } from '@sluice/pipelines/protocol/api';
import type { Trigger } from '@sluice/pipelines/trigger/trigger';
import express, { type Router } from 'express';
import type { ServerContext } from '../context.ts';
import { previewRerun, rerunRun, type RerunRefusal, type RerunWish } from '../orchestrator/rerun-run.ts';
import type { Mirrors } from '../repositories/mirrors.ts';
import { channelKinds } from '../store/notification-store.ts';
import { findRepository, type Repository } from '../store/repository-store.ts';
import { findRun } from '../store/run-store.ts';
import { prepareRuns } from '../webhooks/prepare-runs.ts';
import { plannedOrRefused } from './chosen-pipeline.ts';
import { foundOr404, uuidParameter } from './path-parameter.ts';
import { parseBody, ProblemError } from './problem.ts';
import { userOf } from './signed-in.ts';

/** Running a run again, wholly or in part. */
export function rerunRoutes(context: ServerContext, mirrors: Mirrors): Router {
  const router = express.Router();

  router.post('/runs/:id/rerun', async (request, response) => {
    const runId = uuidParameter(request.params.id, 'run');
    const wanted = parseBody(rerun, request);
    const by = { user: userOf(response), from: request.ip ?? null };
    const result = await rerunRun(context, runId, { ...(await wishOf(context, mirrors, runId, wanted)), by });
    if (!result.ok) throw refused(result.error);
    response.status(201).json(result.value);
  });

  router.post('/runs/:id/rerun/preview', async (request, response) => {
    const runId = uuidParameter(request.params.id, 'run');
    const wish = await wishOf(context, mirrors, runId, parseBody(rerun, request));
    const result = await previewRerun(context, runId, wish);
    if (!result.ok) throw refused(result.error);
    response.json({ stages: result.value } satisfies RerunPreview);
  });
  return router;
}

async function wishOf(
  context: ServerContext,
  mirrors: Mirrors,
  runId: string,
  { what, plan, debug }: Rerun,
): Promise<Omit<RerunWish, 'by'>> {
  if (plan === 'original') return { what, debug, current: null };
  const run = foundOr404(await findRun(context.db, runId), 'run');
  const repository = await findRepository(context, run.repositoryId);
  if (repository === null) {
    const message = `Repository "${run.repository}" was removed: add it again under Settings.`;
    throw new ProblemError(404, 'no-such-repository', message);
  }
  const trigger = await newestTrigger(mirrors, repository, run.trigger);
  const prepared = await prepareRuns(mirrors, repository, trigger, () => channelKinds(context.db));
  // A pipeline that is alone may have got another name since.
  const isAlone = prepared.kind === 'read' && prepared.pipelines.length === 1;
  return { what, debug, current: plannedOrRefused(prepared, isAlone ? null : run.pipeline) };
}

/** A tag does not move, and a pull request's commits are told by its forge alone: those keep their commit. */
async function newestTrigger(mirrors: Mirrors, repository: Repository, trigger: Trigger): Promise<Trigger> {
  if (trigger.event === 'tag' || trigger.event === 'pull_request') return trigger;
  const commit = await mirrors.resolveBranch(repository, trigger.branch);
  if (!commit.ok) throw new ProblemError(422, commit.error.reason, commit.error.message);
  return { ...trigger, commit: commit.value };
}

const refused = ({ reason, message }: RerunRefusal): ProblemError =>
  new ProblemError(statusOf[reason], reason, message);

const statusOf = {
  'unknown-run': 404,
  'unknown-stage': 404,
  'run-not-ended': 409,
  'nothing-failed': 409,
  'nothing-to-keep': 422,
  'pipeline-broken': 422,
} satisfies Record<RerunRefusal['reason'], number>;
