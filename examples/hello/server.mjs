// A small web service to deliver: a greeting, its health, and the metrics that a canary is judged by.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';
import { createMetrics } from './metrics.mjs';
import { greeting } from './greeting.mjs';

/**
 * @param {{ version: string, errorRate: number }} options `errorRate`: the share of greetings, 0 to 1, that are
 *   answered 500. They are spread evenly and not by chance: 0.05 fails every twentieth.
 */
export function createHello({ version, errorRate }) {
  const metrics = createMetrics(version);
  let greetings = 0;

  const greet = (response) => {
    greetings += 1;
    const fails = Math.floor(greetings * errorRate) > Math.floor((greetings - 1) * errorRate);
    if (fails) return answer(response, 500, 'text/plain', 'This version does not feel well.\n');
    return answer(response, 200, 'text/html', greeting(version));
  };

  return createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0];
    if (path === '/healthz') return answer(response, 200, 'text/plain', 'ok\n');
    if (path === '/metrics') return answer(response, 200, 'text/plain; version=0.0.4', metrics.text());
    const startedAt = performance.now();
    response.once('finish', () =>
      metrics.count(response.statusCode, (performance.now() - startedAt) / 1_000),
    );
    if (path === '/') return greet(response);
    return answer(response, 404, 'text/plain', `There is nothing at ${path}.\n`);
  });
}

function answer(response, status, type, body) {
  response.writeHead(status, { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store' });
  response.end(body);
}

/** From the environment, else from the file that was baked into the image. */
export function readErrorRate(env, file) {
  const rate = Number(env.ERROR_RATE ?? readFileSync(file, 'utf8').trim());
  if (!(rate >= 0 && rate <= 1)) throw new Error('ERROR_RATE must be a number from 0 to 1');
  return rate;
}

function main() {
  const server = createHello({
    version: process.env.VERSION ?? process.env.SLUICE_VERSION ?? 'unknown',
    errorRate: readErrorRate(process.env, new URL('error-rate.txt', import.meta.url)),
  });
  server.listen(Number(process.env.PORT ?? 8080), () => console.log(`listening on ${server.address().port}`));

  // A load balancer may send requests until it has heard of the end: answer them, tell each connection that it
  // is the last one, and leave when all of them have gone.
  const drain = (signal) => {
    console.log(`${signal}: finishing what is under way`);
    const graceMs = Number(process.env.GRACE_MS ?? 2_000);
    server.prependListener('request', (_request, response) => response.setHeader('connection', 'close'));
    setTimeout(() => server.close(() => process.exit(0)), graceMs);
  };
  process.once('SIGTERM', drain);
  process.once('SIGINT', drain);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main();
