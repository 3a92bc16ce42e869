// The `/api/*` of the fixture server: reads from the world, and remembers what it was asked to change.
import type { RunSummary } from '@sluice/pipelines/protocol/api';
import { rerun as rerunSchema, vote as voteSchema } from '@sluice/pipelines/protocol/api';
import { chooseRerun } from '@sluice/pipelines/run/choose-rerun';
import { createLineTest } from '@sluice/pipelines/log/find-text';
import { pageOf } from './fixture-logs.ts';
import { failedReports } from './fixture-reports.ts';
import { fixtureStarts } from './fixture-starts.ts';
import { summaryOf } from './fixture-runs.ts';
import type { World } from './fixture-world.ts';

export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
}

const ok = (body: unknown): ApiAnswer => ({ status: 200, body });
const missing: ApiAnswer = {
  status: 404,
  body: {
    reason: 'not-found',
    message: 'There is nothing with this id. It may have been removed by the retention rules.',
  },
};

export function answerApi(world: World, request: ApiRequest): ApiAnswer {
  return request.method === 'GET' ? read(world, request) : change(world, request);
}

function read(world: World, { path, query }: ApiRequest): ApiAnswer {
  const [, , collection = '', key = '', ...rest] = path.split('/');
  const more = rest.join('/');
  switch (`${collection}${key === '' ? '' : '/:id'}${more === '' ? '' : `/${more}`}`) {
    case 'session':
      return ok({ user: 'admin', role: 'admin', installation: 'fixture', version: '0.1.0' });
    case 'runs':
      return ok(runsPage(world, query));
    case 'runs/:id':
      return found(world.runs.find((run) => run.id === key));
    case 'rollouts/:id':
      return found(world.rollouts.get(key));
    case 'attempts/:id/log':
      return logPage(world, key, query);
    case 'attempts/:id/reports':
      return ok(failedReports);
    case 'attempts/:id/log/search':
      return logMatches(world, key, query);
    case 'environments':
      return ok({ environments: world.environments });
    case 'manual-starts':
      return manualStarts(query);
    case 'repositories':
      return ok({ repositories: world.repositories });
    case 'secrets':
      return ok({ secrets: world.secrets });
    case 'tokens':
      return ok({ tokens: world.tokens });
    case 'notifications':
      return ok({ channels: world.channels, messages: world.messages });
    case 'projects':
      return ok({ projects: world.projects });
    case 'workers':
      return ok({ workers: world.workers });
    case 'deliveries':
      return ok({ deliveries: world.deliveries });
    case 'audit':
      return ok({ entries: world.audit });
    default:
      return missing;
  }
}

function found(value: unknown): ApiAnswer {
  return value === undefined ? missing : ok(value);
}

function manualStarts(query: URLSearchParams): ApiAnswer {
  const starts = fixtureStarts.get(`${query.get('repository')} ${query.get('branch')}`);
  if (starts !== undefined) return ok(starts);
  const message = `${query.get('repository')} has no branch "${query.get('branch')}": was it pushed, and is it spelled so?`;
  return { status: 422, body: { reason: 'branch-missing', message } };
}

function runsPage(
  world: World,
  query: URLSearchParams,
): { readonly runs: readonly RunSummary[]; readonly next: string | null } {
  const wanted = world.runs.filter(
    (run) =>
      matches(query.get('status'), run.status) &&
      matches(query.get('branch'), run.ref) &&
      matches(query.get('pipeline'), run.pipeline) &&
      matches(query.get('project'), run.project),
  );
  const before = query.get('before');
  const start = before === null ? 0 : wanted.findIndex((run) => run.id === before) + 1;
  const page = wanted.slice(start, start + Number(query.get('limit') ?? 50));
  const last = page.at(-1);
  return { runs: page.map(summaryOf), next: last === wanted.at(-1) ? null : (last?.id ?? null) };
}

const matches = (wanted: string | null, value: string): boolean => wanted === null || wanted === value;

function logPage(world: World, attemptId: string, query: URLSearchParams): ApiAnswer {
  const log = world.logs.get(attemptId);
  if (log === undefined) return missing;
  const lines = pageOf(log, Number(query.get('from') ?? 0), Number(query.get('limit') ?? 1_000));
  return ok({ lines, total: log.lines, complete: log.isComplete });
}

/** Looks at 100,000 lines an answer, so that several are needed for a long log. */
function logMatches(world: World, attemptId: string, query: URLSearchParams): ApiAnswer {
  const log = world.logs.get(attemptId);
  if (log === undefined) return missing;
  const from = Number(query.get('from') ?? 0);
  const holds = createLineTest(query.get('text') ?? '');
  const lines = pageOf(log, from, 100_000).filter((line) => holds(line.text));
  const end = from + 100_000;
  return ok({ lines: lines.map((line) => line.n), next: end < log.lines ? end : null });
}

function change(world: World, { path, body }: ApiRequest): ApiAnswer {
  const isVote = /^\/api\/runs\/([^/]+)\/stages\/[^/]+\/vote$/.exec(path);
  if (isVote !== null) return checkVote(world, isVote[1] ?? '', body);
  const preview = /^\/api\/runs\/([^/]+)\/rerun\/preview$/.exec(path);
  if (preview !== null) return previewRerun(world, preview[1] ?? '', body);
  if (path === '/api/runs' || path.endsWith('/rollback') || path.endsWith('/rerun'))
    return { status: 201, body: { runId: world.runs[0]?.id } };
  if (path === '/api/tokens') return { status: 201, body: { id: 'token', token: 'slc_fixture_0123456789' } };
  if (path === '/api/session') return { status: 201, body: {} };
  return { status: 202, body: {} };
}

function previewRerun(world: World, runId: string, body: unknown): ApiAnswer {
  const run = world.runs.find((candidate) => candidate.id === runId);
  const wanted = rerunSchema.safeParse(body);
  if (run === undefined || run.plan === null || run.state === null || !wanted.success) return missing;
  const choice = chooseRerun(run.plan, run.state, wanted.data.what, new Map());
  return choice.ok ? ok({ stages: choice.value }) : { status: 409, body: choice.error };
}

function checkVote(world: World, runId: string, body: unknown): ApiAnswer {
  const vote = voteSchema.safeParse(body);
  if (!vote.success) return { status: 400, body: { reason: 'bad-body', message: vote.error.message } };
  const rollout = [...world.rollouts.values()].find((candidate) => candidate.runId === runId);
  const newest = rollout?.decisions.at(-1)?.hash ?? null;
  if (rollout !== undefined && vote.data.decisionHash !== newest)
    return { status: 409, body: { reason: 'stale-evidence', message: 'A newer decision has been made.' } };
  return { status: 202, body: {} };
}
