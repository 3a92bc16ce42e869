import express, { type Router } from 'express';
import { existsSync } from 'node:fs';
import path from 'node:path';

/**
 * The built page. Files under /assets have their content's hash in the name and never change; every
 * other address that is no file's gets index.html, whose router knows it.
 */
export function staticPage(webRoot: string): Router {
  const router = express.Router();
  const index = path.join(path.resolve(webRoot), 'index.html');
  router.use(
    '/assets',
    express.static(path.join(webRoot, 'assets'), {
      immutable: true,
      maxAge: '1y',
      fallthrough: false,
      index: false,
    }),
  );
  router.use(express.static(webRoot, { index: false, dotfiles: 'ignore' }));
  router.get('/{*path}', (request, response, next) => {
    if (!isPageAddress(request.path) || !request.accepts('html') || !existsSync(index)) return next();
    response.setHeader('Cache-Control', 'no-cache');
    response.sendFile(index);
  });
  return router;
}

/** Neither a file's name nor an address for programs. */
const isPageAddress = (address: string): boolean =>
  !path.basename(address).includes('.') && !/^\/(api|worker|webhooks|live)(\/|$)/.test(address);
