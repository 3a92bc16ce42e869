// The description of `/api`, made from the schemas that the routes parse with.
import { OpenApiGeneratorV31, OpenAPIRegistry, type RouteConfig } from '@asteasolutions/zod-to-openapi';
import {
  manualStartsQuery,
  projectLimits,
  repositoryConfig,
  rerun,
  startRun,
  vote,
} from '@sluice/pipelines/protocol/api';
import { freezeRules } from '@sluice/pipelines/freeze/freeze-rules';
import { channelConfig } from '@sluice/pipelines/notify/notify-event';
import { environmentTarget } from '@sluice/pipelines/protocol/environment';
import { z } from 'zod';
import { checkBody, preflightBody } from './environment-routes.ts';
import { glassBody, replayBody } from './rollout-routes.ts';
import { cancelBody } from './run-routes.ts';
import { secretBody } from './secret-routes.ts';
import { tokenBody } from './token-routes.ts';

export function openApiDocument(version: string): object {
  const registry = new OpenAPIRegistry();
  const bearer = registry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer' });
  const problem = z.object({
    reason: z.string().meta({ description: 'Kebab-case, for programs' }),
    message: z.string().meta({ description: 'What happened and what to do, for people' }),
  });
  for (const route of routes) registry.registerPath(pathOf(route, bearer.name, problem));
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Sluice',
      version,
      description:
        'Times are milliseconds since the epoch. Lists have the newest first; `before` asks for what is older.',
    },
  });
}

interface ApiRoute {
  readonly method: 'get' | 'post' | 'put' | 'delete';
  readonly path: string;
  readonly summary: string;
  readonly status?: number;
  readonly body?: z.ZodType;
  readonly query?: z.ZodObject;
}

const reason = z.object({ reason: z.string() });
const page = z.object({ before: z.string().optional(), limit: z.number().int().optional() });
const project = z.object({ project: z.string().optional() });
const runFilter = page.extend({
  project: z.string().optional(),
  status: z.string().optional(),
  branch: z.string().optional(),
  pipeline: z.string().optional(),
});
const matches = z.object({
  text: z.string(),
  from: z.number().int().optional(),
  most: z.number().int().optional(),
});
const lines = z.object({ from: z.number().int().optional(), limit: z.number().int().optional() });

const routes: readonly ApiRoute[] = [
  { method: 'get', path: '/api/session', summary: 'Who is signed in' },
  {
    method: 'post',
    path: '/api/session',
    summary: 'Sign in with a one-time link’s or an API token',
    status: 201,
    body: z.object({ token: z.string() }),
  },
  { method: 'delete', path: '/api/session', summary: 'Sign out', status: 204 },
  { method: 'post', path: '/api/login-links', summary: 'A link that signs one person in, once', status: 201 },
  { method: 'get', path: '/api/runs', summary: 'Runs', query: runFilter },
  { method: 'post', path: '/api/runs', summary: 'Start a run by hand', status: 201, body: startRun },
  {
    method: 'get',
    path: '/api/manual-starts',
    summary: 'What can be started by hand at a commit, and the inputs that each pipeline asks for',
    query: manualStartsQuery,
  },
  { method: 'get', path: '/api/runs/{id}', summary: 'A run with its plan and state' },
  {
    method: 'post',
    path: '/api/runs/{id}/cancel',
    summary: 'Cancel a run, or force a cancel that cleans up',
    status: 202,
    body: cancelBody,
  },
  {
    method: 'post',
    path: '/api/runs/{id}/stages/{stage}/cancel',
    summary: 'Cancel one stage',
    status: 202,
    body: cancelBody,
  },
  {
    method: 'post',
    path: '/api/runs/{id}/rerun',
    summary: 'Run again: all, the failed part, or from a stage on',
    status: 201,
    body: rerun,
  },
  {
    method: 'post',
    path: '/api/runs/{id}/rerun/preview',
    summary: 'What a re-run would run and keep',
    body: rerun,
  },
  {
    method: 'post',
    path: '/api/runs/{id}/stages/{stage}/vote',
    summary: 'Approve or reject',
    status: 202,
    body: vote,
  },
  { method: 'get', path: '/api/attempts/{id}/log', summary: 'Lines of a log', query: lines },
  {
    method: 'get',
    path: '/api/attempts/{id}/reports',
    summary: 'Tests and coverage, with their trend and flaky tests',
  },
  {
    method: 'get',
    path: '/api/attempts/{id}/log/search',
    summary: 'Numbers of the lines that hold a text, part by part',
    query: matches,
  },
  { method: 'get', path: '/api/attempts/{id}/blobs/{name}', summary: 'A file that an attempt left' },
  { method: 'get', path: '/api/rollouts/{id}', summary: 'A rollout with its evidence and decisions' },
  {
    method: 'get',
    path: '/api/rollouts/{id}/replay',
    summary: 'Every decision made again from the stored evidence',
  },
  {
    method: 'post',
    path: '/api/rollouts/{id}/replay',
    summary: 'What the settings of another pipeline file would have decided',
    body: replayBody,
  },
  { method: 'post', path: '/api/rollouts/{id}/abort', summary: 'Roll back', status: 202, body: reason },
  {
    method: 'post',
    path: '/api/rollouts/{id}/hold',
    summary: 'Wait before the new version gets anything more; of several clusters, also before the next wave',
    status: 202,
    body: reason,
  },
  {
    method: 'post',
    path: '/api/rollouts/{id}/promote',
    summary: 'Promote now, without the steps that are left; of several clusters, those under way',
    status: 202,
    body: reason,
  },
  {
    method: 'post',
    path: '/api/rollouts/{id}/resume',
    summary: 'Go on from a pause or a hold',
    status: 202,
    body: reason,
  },
  {
    method: 'post',
    path: '/api/rollouts/{id}/break-glass',
    summary: 'Let a rollout go on in spite of a freeze',
    status: 202,
    body: glassBody,
  },
  { method: 'get', path: '/api/environments', summary: 'Environments with their releases' },
  {
    method: 'put',
    path: '/api/environments/{name}',
    summary: 'Make or change an environment',
    body: environmentTarget,
  },
  {
    method: 'get',
    path: '/api/environments/{name}/releases',
    summary: 'Its releases',
    query: page,
  },
  {
    method: 'put',
    path: '/api/environments/{name}/freeze',
    summary: 'Say when an environment is frozen',
    body: freezeRules,
  },
  {
    method: 'post',
    path: '/api/environments/{name}/preflight',
    summary: 'Try the gate on the environment’s own past',
    body: preflightBody,
  },
  {
    method: 'post',
    path: '/api/environments/{name}/check',
    summary: 'Have its places, or one cluster, looked at now: what runs there, and which rights are missing',
    status: 202,
    body: checkBody,
  },
  {
    method: 'get',
    path: '/api/environments/{name}/check',
    summary: 'What the last looks at its places have found, and for which somebody waits',
  },
  {
    method: 'post',
    path: '/api/environments/{name}/rollback',
    summary: 'Go back to a release',
    status: 201,
    body: reason.extend({ releaseId: z.uuid().optional() }),
  },
  { method: 'get', path: '/api/repositories', summary: 'Repositories' },
  {
    method: 'put',
    path: '/api/repositories',
    summary: 'Add a repository or replace it',
    body: repositoryConfig,
  },
  { method: 'get', path: '/api/secrets', summary: 'Names of secrets', query: project },
  {
    method: 'put',
    path: '/api/secrets/{name}',
    summary: 'Write a secret',
    status: 204,
    body: secretBody,
    query: project,
  },
  { method: 'delete', path: '/api/secrets/{name}', summary: 'Delete a secret', status: 204, query: project },
  { method: 'get', path: '/api/tokens', summary: 'API tokens, without the tokens themselves' },
  {
    method: 'post',
    path: '/api/tokens',
    summary: 'Make an API token, shown this once',
    status: 201,
    body: tokenBody,
  },
  { method: 'delete', path: '/api/tokens/{id}', summary: 'Revoke an API token', status: 204 },
  { method: 'get', path: '/api/workers', summary: 'Workers' },
  { method: 'get', path: '/api/projects', summary: 'Projects: their limits, and what they use' },
  {
    method: 'put',
    path: '/api/projects/{project}/limits',
    summary: 'Set the weight and the limits of a project',
    body: projectLimits,
  },
  { method: 'get', path: '/api/notifications', summary: 'Channels, and the newest messages' },
  {
    method: 'put',
    path: '/api/notifications/{name}',
    summary: 'Make or change a channel; what is left out of its address and secret stays',
    status: 204,
    body: channelConfig,
  },
  { method: 'delete', path: '/api/notifications/{name}', summary: 'Remove a channel', status: 204 },
  {
    method: 'post',
    path: '/api/notifications/{name}/test',
    summary: 'Send a message to try it',
    status: 202,
  },
  { method: 'get', path: '/api/audit', summary: 'Who did what', query: page },
  {
    method: 'get',
    path: '/api/deliveries',
    summary: 'Webhook deliveries and what became of them',
    query: page,
  },
  { method: 'post', path: '/api/deliveries/{id}/replay', summary: 'Work on a delivery again', status: 202 },
];

function pathOf(route: ApiRoute, security: string, problem: z.ZodType): RouteConfig {
  const names = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const params = z.object(Object.fromEntries(names.map((name) => [name, z.string()])));
  const answers = (description: string) => ({
    description,
    content: { 'application/json': { schema: problem } },
  });
  return {
    method: route.method,
    path: route.path,
    summary: route.summary,
    security: [{ [security]: [] }],
    request: {
      ...(names.length === 0 ? {} : { params }),
      ...(route.query === undefined ? {} : { query: route.query }),
      ...(route.body === undefined
        ? {}
        : { body: { required: true, content: { 'application/json': { schema: route.body } } } }),
    },
    responses: {
      [route.status ?? 200]: { description: 'Done' },
      401: answers('Not signed in'),
      ...(route.body === undefined ? {} : { 400: answers('The body is not as it must be') }),
    },
  };
}
