import express, { type Router } from 'express';
import { z } from 'zod';
import { createApiToken } from '../auth/sign-in.ts';
import type { ServerContext } from '../context.ts';
import { recordAudit } from '../store/audit-store.ts';
import { deleteToken, listTokens } from '../store/token-store.ts';
import { parseBody, ProblemError } from './problem.ts';
import { userOf } from './signed-in.ts';

export const tokenBody = z.object({ name: z.string().trim().min(1).max(100) });

export function tokenRoutes(context: ServerContext): Router {
  const router = express.Router();

  router.get('/tokens', async (_request, response) => {
    response.json({ tokens: await listTokens(context.db) });
  });

  router.post('/tokens', async (request, response) => {
    const { name } = parseBody(tokenBody, request);
    const who = userOf(response);
    const created = await context.db.transaction().execute(async (trx) => {
      const made = await createApiToken({ ...context, db: trx }, name, who);
      const [at, from] = [context.now(), request.ip ?? null];
      await recordAudit(trx, { who, what: 'token-created', target: name, detail: { id: made.id }, at, from });
      return made;
    });
    response.status(201).json(created);
  });

  router.delete('/tokens/:id', async (request, response) => {
    const id = z.uuid().safeParse(request.params.id).data;
    const isDeleted = await context.db.transaction().execute(async (trx) => {
      if (id === undefined || !(await deleteToken(trx, id))) return false;
      const [who, at, from] = [userOf(response), context.now(), request.ip ?? null];
      await recordAudit(trx, { who, what: 'token-deleted', target: id, detail: {}, at, from });
      return true;
    });
    if (!isDeleted) throw new ProblemError(404, 'no-such-token', 'There is no such token (any more).');
    response.status(204).end();
  });
  return router;
}
