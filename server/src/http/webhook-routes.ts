import express, { type RequestHandler, type Router } from 'express';
import type { ServerContext } from '../context.ts';
import { receiveDelivery } from '../webhooks/receive-delivery.ts';
import type { Provider } from '../webhooks/vendors.ts';
import { ProblemError } from './problem.ts';

/** Larger than any delivery that lists files; GitHub itself sends at most 25 MB and cuts long lists first. */
export const deliveryLimitBytes = 5 * 1_048_576;

/** `onStored` is called after a new delivery is safe, and before the answer. */
export function webhookRoutes(context: ServerContext, onStored: () => void): Router {
  const router = express.Router();
  router.use(express.raw({ type: () => true, limit: deliveryLimitBytes }));
  router.post('/github', receive(context, 'github', onStored));
  router.post('/generic', receive(context, 'generic', onStored));
  return router;
}

function receive(context: ServerContext, provider: Provider, onStored: () => void): RequestHandler {
  return async (request, response) => {
    const body: unknown = request.body;
    const raw = body instanceof Uint8Array ? body : new Uint8Array();
    const reception = await receiveDelivery(context, provider, request.headers, raw);
    switch (reception.kind) {
      case 'stored':
        onStored();
        response.status(202).json({ id: reception.id });
        return;
      case 'duplicate':
        response.status(202).json({ duplicate: true });
        return;
      case 'malformed':
        throw new ProblemError(400, 'bad-delivery', reception.message);
      case 'refused':
        throw new ProblemError(
          401,
          'signature-refused',
          'The signature does not fit this repository. Add the repository to Sluice, and give its hook the same secret.',
        );
    }
  };
}
