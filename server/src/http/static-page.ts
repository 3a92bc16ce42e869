import express, { type Router } from 'express';
import { existsSync } from 'node:fs';
import path from 'node:path';

/**
 * The built page. Files under /assets have their content's hash in the name and never change; every other
 * address that a browser asks for as a page gets index.html, whose router knows it.
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
    const isPage = request.accepts(['html', 'json']) === 'html' && !isMachinePath(request.path);
    if (!isPage || !existsSync(index)) return next();
    response.setHeader('Cache-Control', 'no-cache');
    response.sendFile(index);
  });
  return router;
}

const isMachinePath = (address: string): boolean => /^\/(api|worker|webhooks|live)(\/|$)/.test(address);
