import { startRun as startRunBody } from '@sluice/pipelines/protocol/api';
import type { ManualTrigger } from '@sluice/pipelines/trigger/trigger';
import express, { type Router } from 'express';
import type { ServerContext } from '../context.ts';
import { startRun } from '../orchestrator/start-run.ts';
import type { Mirrors } from '../repositories/mirrors.ts';
import { recordAudit } from '../store/audit-store.ts';
import { channelKinds } from '../store/notification-store.ts';
import { prepareRuns } from '../webhooks/prepare-runs.ts';
import { plannedOrRefused } from './chosen-pipeline.ts';
import { parseBody } from './problem.ts';
import { userOf } from './signed-in.ts';
import { wantedCommit } from './wanted-commit.ts';

/** Manual runs: what cannot be planned is answered 422 with the reasons, and nothing is started. */
export function startRunRoute(context: ServerContext, mirrors: Mirrors): Router {
  const router = express.Router();
  router.post('/runs', async (request, response) => {
    const wanted = parseBody(startRunBody, request);
    const { repository, commit } = await wantedCommit(context, mirrors, wanted);
    const who = userOf(response);
    const { branch, inputs } = wanted;
    const trigger: ManualTrigger = {
      event: 'manual',
      repository: repository.fullName,
      actor: who,
      commit,
      branch,
      inputs,
    };
    const prepared = await prepareRuns(mirrors, repository, trigger, () => channelKinds(context.db));
    const { pipeline, plan, diagnostics } = plannedOrRefused(prepared, wanted.pipeline ?? null);
    const content = { kind: 'planned', plan, diagnostics } as const;
    const { runId } = await startRun(context, {
      project: repository.project,
      repositoryId: repository.id,
      trigger,
      pipeline,
      content,
      deliveryId: null,
    });
    const detail = { repository: repository.fullName, branch, commit: commit.sha, pipeline };
    const [at, from] = [context.now(), request.ip ?? null];
    await recordAudit(context.db, { who, what: 'run-started', target: runId, detail, at, from });
    response.status(201).json({ runId });
  });
  return router;
}
