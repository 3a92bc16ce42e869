// Every door of the server, in the order a request meets them.
import { pipelineSchema, templateSchema } from '@sluice/pipelines/language/schema/json-schema';
import express, { type Express, type Router } from 'express';
import type { Doorkeeper } from '../auth/authenticate.ts';
import type { Origins } from '../auth/same-origin.ts';
import type { ServerContext } from '../context.ts';
import { endConnections, type Leaving } from '../leaving.ts';
import type { CloneRules } from '../repositories/clone-url.ts';
import type { Mirrors } from '../repositories/mirrors.ts';
import { version } from '../version.ts';
import { auditRoutes } from './audit-routes.ts';
import { deliveryRoutes } from './delivery-routes.ts';
import { healthRoutes, metricsRoute } from './health-routes.ts';
import { httpMetrics } from './http-metrics.ts';
import { manualStartsRoute } from './manual-starts-route.ts';
import { openApiDocument } from './openapi.ts';
import { notFound, problemHandler } from './problem.ts';
import { repositoryRoutes } from './repository-routes.ts';
import { rerunRoutes } from './rerun-routes.ts';
import { requestLog } from './request-log.ts';
import { secretRoutes } from './secret-routes.ts';
import { requireKnownHost, securityHeaders } from './security-headers.ts';
import { sessionRoutes } from './session-routes.ts';
import { requireUser, requireWorker } from './signed-in.ts';
import { startRunRoute } from './start-run-route.ts';
import { staticPage } from './static-page.ts';
import { tokenRoutes } from './token-routes.ts';
import { webhookRoutes } from './webhook-routes.ts';

export interface AppParts {
  readonly context: ServerContext;
  readonly doorkeeper: Doorkeeper;
  readonly origins: Origins;
  readonly workerToken: string;
  readonly leaving: Pick<Leaving, 'hasBegun'>;
  readonly mirrors: Mirrors;
  readonly cloneRules: CloneRules;
  /** Folder of the built page; null: no page. */
  readonly webRoot: string | null;
  /** Called after a delivery was stored. */
  readonly onDelivery: () => void;
  /** Behind the worker token; with body limits of its own. */
  readonly workerRoutes: Router;
  /** Runs, rollouts and environments; behind the sign-in. */
  readonly apiRoutes: Router;
}

export function createApp(parts: AppParts): Express {
  const { context, doorkeeper, origins, workerToken, leaving } = parts;
  const metrics = httpMetrics();
  const app = express();
  app.disable('x-powered-by');
  app.use(requestLog(context.log), securityHeaders(origins), metrics.measure);
  app.use(endConnections(leaving));

  app.use(healthRoutes(context, leaving));
  const schemas = { '/schema.json': pipelineSchema(), '/template-schema.json': templateSchema() };
  for (const [address, schema] of Object.entries(schemas))
    app.get(address, (_request, response) => void response.json(schema));
  app.get('/metrics', metricsRoute(metrics.registry, workerToken, doorkeeper));
  app.use('/webhooks', webhookRoutes(context, parts.onDelivery));
  app.use('/worker', requireWorker(workerToken), parts.workerRoutes);
  app.use('/api', api(parts));
  if (parts.webRoot !== null) app.use(requireKnownHost(origins), staticPage(parts.webRoot));

  app.use(notFound, problemHandler);
  return app;
}

function api({ context, doorkeeper, origins, cloneRules, mirrors, onDelivery, apiRoutes }: AppParts): Router {
  const guard = requireUser(doorkeeper);
  const description = openApiDocument(version);
  const router = express.Router();
  router.use((_request, response, next) => {
    response.setHeader('Cache-Control', 'no-store');
    next();
  });
  router.use(express.json({ limit: '1mb' }));
  router.get('/openapi.json', (_request, response) => void response.json(description));
  router.use(sessionRoutes(context, origins, guard));
  router.use(
    guard,
    startRunRoute(context, mirrors),
    manualStartsRoute(context, mirrors),
    rerunRoutes(context, mirrors),
    repositoryRoutes(context, cloneRules),
    secretRoutes(context),
    tokenRoutes(context),
    deliveryRoutes(context, onDelivery),
    auditRoutes(context),
    apiRoutes,
  );
  return router;
}
