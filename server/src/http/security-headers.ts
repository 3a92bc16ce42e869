import type { RequestHandler } from 'express';
import helmet from 'helmet';
import { isAllowedHost, type Origins } from '../auth/same-origin.ts';
import { ProblemError } from './problem.ts';

/** Only our own files run in the page. Its component library sets styles from scripts, hence the one exception. */
export function securityHeaders({ publicUrl }: Origins): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'", 'data:'],
        connectSrc: ["'self'"],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    referrerPolicy: { policy: 'no-referrer' },
    // A plain-HTTP address must stay reachable unless the operator says that people use HTTPS.
    strictTransportSecurity: publicUrl?.protocol === 'https:' ? { maxAge: 31_536_000 } : false,
  });
}

/** Refuses names that are not ours, so that a rebound DNS name never gets a page that looks like Sluice's. */
export function requireKnownHost({ hosts }: Origins): RequestHandler {
  return (request, _response, next) => {
    if (!isAllowedHost(request.headers.host, hosts)) {
      throw new ProblemError(
        421,
        'unknown-host',
        `This server does not go by the name "${request.headers.host ?? ''}". Set SLUICE_PUBLIC_URL to the address that people use.`,
      );
    }
    next();
  };
}
