import type { SessionView } from '@sluice/pipelines/protocol/api';
import express, { type RequestHandler, type Router } from 'express';
import { rateLimit } from 'express-rate-limit';
import { z } from 'zod';
import { readSessionCookie, sessionCookie } from '../auth/session-cookie.ts';
import { isAllowedHost, isSameOrigin, type Origins } from '../auth/same-origin.ts';
import { createLoginLink, signIn } from '../auth/sign-in.ts';
import { hashToken } from '../auth/token.ts';
import type { ServerContext } from '../context.ts';
import { recordAudit } from '../store/audit-store.ts';
import { deleteSession } from '../store/session-store.ts';
import { version } from '../version.ts';
import { parseBody, ProblemError } from './problem.ts';
import { userOf } from './signed-in.ts';

const signInBody = z.object({ token: z.string().min(1).max(500) });

/** `requireUser` guards what needs a session; signing in needs none. */
export function sessionRoutes(context: ServerContext, origins: Origins, requireUser: RequestHandler): Router {
  const router = express.Router();
  const isSecure = origins.publicUrl?.protocol === 'https:';

  router.post('/session', signInLimit(), async (request, response) => {
    refuseForeignPages(request.headers, origins);
    const { token } = parseBody(signInBody, request);
    const session = await signIn(context, token);
    if (session === null) {
      throw new ProblemError(
        401,
        'token-refused',
        'This link or token is not good (any more): a link works once, for 24 hours. `sluice login` prints a new one.',
      );
    }
    const { user } = session;
    const from = request.ip ?? null;
    await recordAudit(context.db, {
      who: user,
      what: 'signed-in',
      target: user,
      detail: {},
      at: context.now(),
      from,
    });
    response.setHeader('Set-Cookie', sessionCookie(session.sessionId, isSecure));
    response.status(201).json(view(context, user));
  });

  router.get('/session', requireUser, (_request, response) => {
    response.json(view(context, userOf(response)));
  });

  router.delete('/session', requireUser, async (request, response) => {
    const id = readSessionCookie(request.headers.cookie);
    if (id !== null) await deleteSession(context.db, hashToken(id));
    response.setHeader('Set-Cookie', sessionCookie('', isSecure));
    response.status(204).end();
  });

  router.post('/login-links', requireUser, async (request, response) => {
    const who = userOf(response);
    await recordAudit(context.db, {
      who,
      what: 'login-link-created',
      target: who,
      detail: {},
      at: context.now(),
      from: request.ip ?? null,
    });
    const base = origins.publicUrl?.origin ?? `http://${request.headers.host ?? 'localhost'}`;
    response.status(201).json({ link: `${base}${await createLoginLink(context)}` });
  });
  return router;
}

/** A stranger's page must not sign a person in as somebody else; programs send no origin. */
function refuseForeignPages(headers: express.Request['headers'], { hosts, publicUrl }: Origins): void {
  const isProgram = headers.origin === undefined && headers['sec-fetch-site'] === undefined;
  if (isProgram || (isAllowedHost(headers.host, hosts) && isSameOrigin(headers, publicUrl))) return;
  throw new ProblemError(403, 'foreign-origin', 'Sign in on Sluice’s own page, at its own address.');
}

/** Refused tries only; the token's 256 bits are what keeps guessers out. */
const signInLimit = (): RequestHandler =>
  rateLimit({
    windowMs: 60_000,
    limit: 10,
    skipSuccessfulRequests: true,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    handler: (_request, response) => {
      response.status(429).json({
        reason: 'too-many-tries',
        message: 'Too many refused tries from this address. Wait a minute.',
      });
    },
  });

const view = (context: ServerContext, user: string): SessionView => ({
  user,
  role: 'admin',
  installation: context.installation,
  version,
});
