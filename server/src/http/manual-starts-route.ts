import { manualStartOf } from '@sluice/pipelines/plan/manual-start';
import { manualStartsQuery, type ManualStartsView } from '@sluice/pipelines/protocol/api';
import express, { type Router } from 'express';
import type { ServerContext } from '../context.ts';
import type { Mirrors } from '../repositories/mirrors.ts';
import { parseInTurns } from '../repositories/parse-in-turns.ts';
import { listEnvironments } from '../store/environment-store.ts';
import { noPipelineFile } from '../webhooks/prepare-runs.ts';
import { parseQuery, ProblemError } from './problem.ts';
import { wantedCommit } from './wanted-commit.ts';

/** What a person may start by hand at a commit, and what each pipeline asks for. Starts nothing. */
export function manualStartsRoute(context: ServerContext, mirrors: Mirrors): Router {
  const router = express.Router();
  router.get('/manual-starts', async (request, response) => {
    const wanted = parseQuery(manualStartsQuery, request);
    const { repository, commit } = await wantedCommit(context, mirrors, wanted);
    const loaded = await mirrors.readPipelines(repository, commit.sha);
    if (!loaded.ok) throw new ProblemError(422, loaded.error.reason, loaded.error.message);
    if (loaded.value.length === 0) throw new ProblemError(422, 'no-pipeline-file', noPipelineFile(commit));
    const environments = await listEnvironments(context.db);
    const view: ManualStartsView = {
      commit,
      pipelines: (await parseInTurns(loaded.value)).map(manualStartOf),
      environments: environments.map(({ name }) => name),
    };
    response.json(view);
  });
  return router;
}
