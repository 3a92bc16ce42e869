import express, { type RequestHandler, type Router } from 'express';
import { sql } from 'kysely';
import type { Registry } from 'prom-client';
import type { Doorkeeper } from '../auth/authenticate.ts';
import { readBearer } from '../auth/authenticate.ts';
import { isSameSecret } from '../auth/token.ts';
import type { ServerContext } from '../context.ts';
import type { Leaving } from '../leaving.ts';
import { ProblemError } from './problem.ts';

const patienceMs = 2_000;

/**
 * `/healthz`: the process answers. `/readyz`: so do PostgreSQL and Redis, and it does not end soon. Neither needs a token
 * nor tells more.
 */
export function healthRoutes(
  { db, redis }: Pick<ServerContext, 'db' | 'redis'>,
  leaving: Pick<Leaving, 'hasBegun'>,
): Router {
  const router = express.Router();
  router.get('/healthz', (_request, response) => {
    response.json({ status: 'ok' });
  });
  router.get('/readyz', async (_request, response) => {
    if (leaving.hasBegun()) {
      response.status(503).json({ reason: 'leaving', message: 'This server ends now: ask another one.' });
      return;
    }
    const parts = { PostgreSQL: sql`select 1`.execute(db), Redis: redis.ping() };
    const checked = await Promise.all(
      Object.entries(parts).map(async ([name, answer]) => ((await answersInTime(answer)) ? null : name)),
    );
    const missing = checked.filter((name) => name !== null);
    if (missing.length === 0) response.json({ status: 'ok' });
    else {
      response.status(503).json({
        reason: 'not-ready',
        message: `${missing.join(' and ')} did not answer within ${patienceMs / 1_000} s.`,
        missing,
      });
    }
  });
  return router;
}

async function answersInTime(answer: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), patienceMs);
  });
  const good = answer.then(
    () => true,
    () => false,
  );
  return Promise.race([good, late]).finally(() => clearTimeout(timer));
}

/** Figures for Prometheus, with the worker token or an API token: behind a proxy everyone looks like loopback. */
export function metricsRoute(
  registry: Registry,
  workerToken: string,
  doorkeeper: Doorkeeper,
): RequestHandler {
  return async (request, response) => {
    const token = readBearer(request);
    const isWorker = token !== null && isSameSecret(token, workerToken);
    if (!isWorker && (await doorkeeper.authenticate(request)) === null) {
      throw new ProblemError(
        401,
        'not-signed-in',
        'Send `Authorization: Bearer` with the worker token or an API token.',
      );
    }
    response.setHeader('Content-Type', registry.contentType);
    response.end(await registry.metrics());
  };
}
