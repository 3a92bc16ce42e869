import { repositoryConfig, type RepositoryView } from '@sluice/pipelines/protocol/api';
import express, { type Router } from 'express';
import type { ServerContext } from '../context.ts';
import { checkCloneUrl, type CloneRules } from '../repositories/clone-url.ts';
import { recordAudit } from '../store/audit-store.ts';
import { listRepositories, saveRepository, type Repository } from '../store/repository-store.ts';
import { lookAtSchedules } from '../store/schedule-store.ts';
import { parseBody, ProblemError } from './problem.ts';
import { userOf } from './signed-in.ts';

export function repositoryRoutes(context: ServerContext, rules: CloneRules): Router {
  const router = express.Router();

  router.get('/repositories', async (_request, response) => {
    const repositories = (await listRepositories(context)).map(view);
    response.json({ repositories });
  });

  router.put('/repositories', async (request, response) => {
    const config = parseBody(repositoryConfig, request);
    const source = await checkCloneUrl(config.cloneUrl, rules);
    if (!source.ok && !source.error.isTemporary) {
      throw new ProblemError(422, source.error.reason, source.error.message);
    }
    const at = context.now();
    const id = await context.db.transaction().execute(async (trx) => {
      const saved = await saveRepository({ db: trx, sealer: context.sealer }, config, {
        id: context.newId(),
        at,
      });
      await lookAtSchedules(trx, saved.id, at);
      const { project, cloneUrl, trusted, shared } = config;
      await recordAudit(trx, {
        who: userOf(response),
        what: 'repository-saved',
        target: config.fullName,
        detail: { project, cloneUrl, trusted, shared },
        at,
        from: request.ip ?? null,
      });
      return saved.id;
    });
    response.json({ id });
  });
  return router;
}

/** Field by field: credentials stay here. */
function view(repository: Repository): RepositoryView {
  const { id, project, fullName, provider, cloneUrl, defaultBranch, trusted, shared } = repository;
  return { id, project, fullName, provider, cloneUrl, defaultBranch, trusted, shared };
}
