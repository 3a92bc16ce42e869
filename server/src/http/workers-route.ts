import type { WorkerView } from '@sluice/pipelines/protocol/api';
import express, { type Router } from 'express';
import type { ServerContext } from '../context.ts';
import { countHeldByWorker } from '../store/attempt-store.ts';
import { listWorkers } from '../store/worker-store.ts';

const forgottenAfterMs = 24 * 3_600_000;

export function workersRoute(context: ServerContext): Router {
  const router = express.Router();
  router.get('/workers', async (_request, response) => {
    const [workers, held] = await Promise.all([
      listWorkers(context.db, context.now() - forgottenAfterMs),
      countHeldByWorker(context.db),
    ]);
    const views = workers.map(({ id, pool, slots, leaving, last_seen_at }): WorkerView => ({
      id,
      pool,
      slots,
      busy: held.get(id) ?? 0,
      leaving: leaving ?? false,
      lastSeenAt: last_seen_at,
    }));
    response.json({ workers: views });
  });
  return router;
}
