// Errors of the API: JSON with a reason for programs and a message for people.
import type { ApiProblem } from '@sluice/pipelines/protocol/api';
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { z } from 'zod';

/** Thrown by a route to answer with this status and problem. */
export class ProblemError extends Error {
  readonly status: number;
  readonly reason: string;
  readonly more: Readonly<Record<string, unknown>>;
  constructor(status: number, reason: string, message: string, more: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.status = status;
    this.reason = reason;
    this.more = more;
  }
}

export function sendProblem(response: Response, status: number, problem: ApiProblem): void {
  response.status(status).json(problem);
}

/** The body as `schema` has it. Throws a 400 that names every place that is wrong. */
export function parseBody<T>(schema: z.ZodType<T>, request: Request): T {
  return parseInput(schema, request.body ?? {}, 'body');
}

/** The query as `schema` has it; all values come in as text. */
export function parseQuery<T>(schema: z.ZodType<T>, request: Request): T {
  return parseInput(schema, request.query, 'query');
}

/** Any other input of a request, named by `what` in the problem. */
export function parseInput<T>(schema: z.ZodType<T>, input: unknown, what: string): T {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const places = result.error.issues.map(({ path, message }) => `${path.join('.') || what}: ${message}`);
  throw new ProblemError(400, `bad-${what}`, `The ${what} is not as it must be: ${places.join('; ')}.`);
}

export const notFound: RequestHandler = (request, response) => {
  sendProblem(response, 404, {
    reason: 'not-found',
    message: `There is nothing at ${request.method} ${request.path}. /api/openapi.json lists what there is.`,
  });
};

/** What express's own parts throw: body parsers with a `type`, the file server with a status alone. */
const refusal = z.object({
  type: z.string().optional(),
  status: z.number().int().min(400).max(499),
  limit: z.number().optional(),
});

/** The last handler. What is not expected is logged with the request's id, and only that id goes out. */
export const problemHandler: ErrorRequestHandler = (error: unknown, request, response, next) => {
  if (response.headersSent) return next(error);
  if (error instanceof ProblemError) {
    response.status(error.status).json({ reason: error.reason, message: error.message, ...error.more });
    return;
  }
  const refused = refusal.safeParse(error);
  if (refused.success) {
    sendProblem(response, refused.data.status, refusalProblem(refused.data));
    return;
  }
  request.log.error({ err: error }, 'a request failed');
  sendProblem(response, 500, {
    reason: 'internal-error',
    message: 'The server failed. Its log has more, under the id in the header X-Request-Id.',
  });
};

function refusalProblem({ type, limit, status }: z.infer<typeof refusal>): ApiProblem {
  switch (type) {
    case 'entity.too.large':
      return {
        reason: 'body-too-large',
        message: `The body is larger than the ${Math.round((limit ?? 0) / 104_857.6) / 10} MiB that are allowed here: send less.`,
      };
    case 'entity.parse.failed':
      return { reason: 'bad-body', message: 'The body is not JSON.' };
    case undefined:
      return status === 404
        ? { reason: 'not-found', message: 'There is no such file.' }
        : { reason: 'bad-request', message: 'This address cannot be read.' };
    default:
      return { reason: 'bad-body', message: `The body cannot be read: ${type}.` };
  }
}
