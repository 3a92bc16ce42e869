import { createServer, type Server, type ServerResponse } from 'node:http';
import { obstacles, type Readiness } from './readiness.ts';

export interface HealthFacts {
  readonly readiness: Readiness;
  readonly isStopping: () => boolean;
  readonly attempts: () => number;
  readonly slots: number;
  readonly spoolFreeBytes: () => number | null;
}

/**
 * `/healthz`: the process lives. `/readyz`: it takes work, or 503 and why not. `/metrics` for Prometheus. None of them
 * needs a token nor tells more. Resolves when it listens.
 */
export async function serveHealth(
  address: { readonly host: string; readonly port: number },
  facts: HealthFacts,
): Promise<() => Promise<void>> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    if (request.method !== 'GET') answer(response, 405, { reason: 'bad-method' });
    else if (path === '/healthz') answer(response, 200, { status: 'ok' });
    else if (path === '/readyz') answerReadiness(response, facts);
    else if (path === '/metrics')
      response.setHeader('content-type', 'text/plain; version=0.0.4').end(metricsOf(facts));
    else answer(response, 404, { reason: 'not-found' });
  });
  await listen(server, address);
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
}

function listen(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve());
  });
}

function answerReadiness(response: ServerResponse, { readiness, isStopping }: HealthFacts): void {
  const reasons = [...readiness.reasons()].map(([obstacle, message]) => ({ obstacle, message }));
  if (isStopping())
    answer(response, 503, { reason: 'stopping', message: 'The worker takes no more stages.' });
  else if (reasons.length > 0) answer(response, 503, { reason: 'not-ready', reasons });
  else answer(response, 200, { status: 'ok' });
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function metricsOf(facts: HealthFacts): string {
  const { readiness, isStopping, attempts, slots, spoolFreeBytes } = facts;
  const reasons = readiness.reasons();
  const isReady = reasons.size === 0 && !isStopping();
  const free = spoolFreeBytes();
  return [
    ...gauge('sluice_worker_ready', 'Whether this worker takes stages', [['', isReady ? 1 : 0]]),
    ...gauge(
      'sluice_worker_obstacle',
      'What keeps this worker from taking stages',
      obstacles.map((obstacle) => [`{kind="${obstacle}"}`, reasons.has(obstacle) ? 1 : 0]),
    ),
    ...gauge('sluice_worker_attempts', 'Stages that this worker carries out', [['', attempts()]]),
    ...gauge('sluice_worker_slots', 'Stages that it may carry out at once', [['', slots]]),
    ...(free === null
      ? []
      : gauge('sluice_worker_spool_free_bytes', 'Free on the disk of the spools', [['', free]])),
    ...gauge('process_resident_memory_bytes', 'Resident memory size in bytes', [
      ['', process.memoryUsage.rss()],
    ]),
    '',
  ].join('\n');
}

function gauge(
  name: string,
  help: string,
  values: readonly (readonly [string, number])[],
): readonly string[] {
  const lines = values.map(([labels, value]) => `${name}${labels} ${value}`);
  return [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, ...lines];
}
