import express, { type Router } from 'express';
import type { ServerContext } from '../context.ts';
import { artifactRoutes } from './artifact-routes.ts';
import { blobRoutes } from './blob-routes.ts';
import { environmentRoutes } from './environment-routes.ts';
import { logRoutes } from './log-routes.ts';
import { notificationRoutes } from './notification-routes.ts';
import { projectRoutes } from './project-routes.ts';
import { reportRoutes } from './report-routes.ts';
import { rolloutRoutes } from './rollout-routes.ts';
import { runRoutes } from './run-routes.ts';
import { workersRoute } from './workers-route.ts';

/** What people see of runs, logs, rollouts, environments and workers. Mounted behind `requireUser`. */
export function apiRoutes(context: ServerContext): Router {
  const router = express.Router();
  router.use(express.json({ limit: '256kb' }));
  const parts = [
    runRoutes,
    logRoutes,
    rolloutRoutes,
    environmentRoutes,
    workersRoute,
    projectRoutes,
    blobRoutes,
    artifactRoutes,
    reportRoutes,
    notificationRoutes,
  ];
  for (const part of parts) router.use(part(context));
  return router;
}
