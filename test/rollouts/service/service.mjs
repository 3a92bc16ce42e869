// The service that the trials deliver: it answers after a while, sometimes with an error, says its version with every
// answer, and counts for Prometheus. How it behaves is baked into its image.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { createMetrics } from './metrics.mjs';

const version = process.env.VERSION ?? process.env.SLUICE_VERSION ?? 'unknown';
/** `errorRate` 0 to 1; `medianMs`: of a log-normal time to answer, as services have it. */
const { errorRate, medianMs } = JSON.parse(readFileSync(new URL('behaviour.json', import.meta.url), 'utf8'));
const metrics = createMetrics(version);

const server = createServer((request, response) => {
  const path = (request.url ?? '/').split('?')[0];
  if (path === '/healthz') response.end('ok\n');
  else if (path === '/metrics') response.end(metrics.text());
  else void serve(response);
});
server.listen(Number(process.env.PORT ?? 8080));

async function serve(response) {
  const startedAt = performance.now();
  if (medianMs > 0) await sleep(medianMs * Math.exp(0.5 * normal()));
  const status = Math.random() < errorRate ? 500 : 200;
  metrics.count(status, (performance.now() - startedAt) / 1_000);
  response.writeHead(status, { 'x-version': version, 'cache-control': 'no-store' });
  response.end(`${version}\n`);
}

process.once('SIGTERM', () => {
  server.prependListener('request', (_request, response) => response.setHeader('connection', 'close'));
  setTimeout(() => server.close(() => process.exit(0)), Number(process.env.GRACE_MS ?? 2_000));
});

/** Box and Muller. */
function normal() {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}
