import express, { type Router } from 'express';
import { z } from 'zod';
import type { ServerContext } from '../context.ts';
import { recordAudit } from '../store/audit-store.ts';
import { deleteSecret, listSecrets, writeSecret } from '../store/secret-store.ts';
import { parseBody, parseQuery, ProblemError } from './problem.ts';
import { userOf } from './signed-in.ts';

const secretName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,99}$/, 'letters, digits and _.-, at most 100');
export const secretBody = z.object({ value: z.string().min(1).max(100_000) });
const place = z.object({ project: z.string().max(50).default('default') });

/** Values go in and never come out; `?project=` chooses the project. */
export function secretRoutes(context: ServerContext): Router {
  const router = express.Router();

  router.get('/secrets', async (request, response) => {
    const { project } = parseQuery(place, request);
    response.json({ secrets: await listSecrets(context.db, project) });
  });

  router.put('/secrets/:name', async (request, response) => {
    const { project } = parseQuery(place, request);
    const name = parseName(request.params.name);
    const { value } = parseBody(secretBody, request);
    const by = userOf(response);
    const at = context.now();
    await context.db.transaction().execute(async (trx) => {
      await writeSecret({ db: trx, sealer: context.sealer }, { project, name, value, by, at });
      const from = request.ip ?? null;
      await recordAudit(trx, {
        who: by,
        what: 'secret-written',
        target: name,
        detail: { project },
        at,
        from,
      });
    });
    response.status(204).end();
  });

  router.delete('/secrets/:name', async (request, response) => {
    const { project } = parseQuery(place, request);
    const name = parseName(request.params.name);
    const isDeleted = await context.db.transaction().execute(async (trx) => {
      if (!(await deleteSecret(trx, project, name))) return false;
      const [who, at, from] = [userOf(response), context.now(), request.ip ?? null];
      await recordAudit(trx, { who, what: 'secret-deleted', target: name, detail: { project }, at, from });
      return true;
    });
    if (!isDeleted)
      throw new ProblemError(404, 'no-such-secret', `Project "${project}" has no secret "${name}".`);
    response.status(204).end();
  });
  return router;
}

function parseName(text: string): string {
  const result = secretName.safeParse(text);
  if (result.success) return result.data;
  throw new ProblemError(
    400,
    'bad-name',
    `"${text.slice(0, 100)}" cannot be a secret's name: ${result.error.issues[0]?.message ?? ''}.`,
  );
}
