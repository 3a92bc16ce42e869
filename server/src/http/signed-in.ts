import type { RequestHandler, Response } from 'express';
import type { Doorkeeper } from '../auth/authenticate.ts';
import { readBearer } from '../auth/authenticate.ts';
import { isSameSecret } from '../auth/token.ts';
import { ProblemError } from './problem.ts';

/** Lets users pass, with their name in `response.locals.user`. */
export function requireUser(doorkeeper: Doorkeeper): RequestHandler {
  return async (request, response, next) => {
    const identity = await doorkeeper.identify(request);
    if (identity.kind === 'foreign') {
      throw new ProblemError(
        403,
        'foreign-origin',
        'This request was sent by another page than Sluice’s own. Behind a proxy, set SLUICE_PUBLIC_URL to the address that people use.',
      );
    }
    if (identity.kind === 'nobody') {
      throw new ProblemError(401, 'not-signed-in', 'Sign in, or send `Authorization: Bearer <API token>`.');
    }
    response.locals['user'] = identity.user;
    next();
  };
}

/** Of a request that `requireUser` let pass. */
export function userOf(response: Response): string {
  const user: unknown = response.locals['user'];
  if (typeof user !== 'string') throw new Error('this route stands outside requireUser');
  return user;
}

/** Lets workers pass. */
export function requireWorker(workerToken: string): RequestHandler {
  return (request, _response, next) => {
    const token = readBearer(request);
    if (token === null || !isSameSecret(token, workerToken)) {
      throw new ProblemError(
        401,
        'worker-refused',
        'This is not the worker token. Give the worker the same SLUICE_WORKER_TOKEN as the server.',
      );
    }
    next();
  };
}
