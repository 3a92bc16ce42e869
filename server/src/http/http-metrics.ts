import type { RequestHandler } from 'express';
import { collectDefaultMetrics, Histogram, register, Registry } from 'prom-client';

/** Figures of this app and its process, together with those that the core keeps in the default registry. */
export function httpMetrics(): { readonly registry: Registry; readonly measure: RequestHandler } {
  const own = new Registry();
  collectDefaultMetrics({ register: own });
  const seconds = new Histogram({
    name: 'sluice_http_request_seconds',
    help: 'From the arrival of a request to the end of its answer',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [own],
  });
  return {
    registry: Registry.merge([own, register]),
    measure: (request, response, next) => {
      const stop = seconds.startTimer();
      response.once('finish', () => {
        // The route's pattern, not the address: ids must not become labels.
        const pattern: unknown = request.route?.path;
        const route = typeof pattern === 'string' ? `${request.baseUrl}${pattern}` : 'other';
        stop({ method: request.method, route, status: response.statusCode });
      });
      next();
    },
  };
}
