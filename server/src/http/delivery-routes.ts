import express, { type Router } from 'express';
import { z } from 'zod';
import type { ServerContext } from '../context.ts';
import { recordAudit } from '../store/audit-store.ts';
import { listDeliveries, replayDelivery } from '../store/delivery-store.ts';
import { pageQuery } from './page-query.ts';
import { parseQuery, ProblemError } from './problem.ts';
import { userOf } from './signed-in.ts';

/** `onStored` is called after a replay is safe. */
export function deliveryRoutes(context: ServerContext, onStored: () => void): Router {
  const router = express.Router();

  router.get('/deliveries', async (request, response) => {
    response.json({ deliveries: await listDeliveries(context.db, parseQuery(pageQuery, request)) });
  });

  router.post('/deliveries/:id/replay', async (request, response) => {
    const original = z.uuid().safeParse(request.params.id).data;
    const id = await context.db.transaction().execute(async (trx) => {
      if (original === undefined) return null;
      const at = context.now();
      const copy = await replayDelivery(trx, original, { id: context.newId(), at });
      if (copy === null) return null;
      const [who, from] = [userOf(response), request.ip ?? null];
      await recordAudit(trx, {
        who,
        what: 'delivery-replayed',
        target: original,
        detail: { copy },
        at,
        from,
      });
      return copy;
    });
    if (id === null) throw new ProblemError(404, 'no-such-delivery', 'There is no such delivery.');
    onStored();
    response.status(202).json({ id });
  });
  return router;
}
