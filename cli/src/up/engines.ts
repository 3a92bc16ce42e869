// PostgreSQL and Redis of `sluice up`: those that the environment names, or private ones that are kept running.
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { type EmbeddedEngine, startEmbeddedPostgres } from '@sluice/server/embedded/postgres';
import { startEmbeddedRedis } from '@sluice/server/embedded/redis';
import { ensureProgram } from './apt.ts';
import type { CleanupStack } from './cleanup-stack.ts';
import type { Say } from './say.ts';

const log = pino({ level: 'warn' }, pino.destination(2));
const checkMs = 500;

export async function startDatabase(
  environment: NodeJS.ProcessEnv,
  dataDir: string,
  say: Say,
  stack: CleanupStack,
): Promise<string> {
  const named = environment['DATABASE_URL'];
  if (named !== undefined && named !== '') return named;
  const engine = await startEmbeddedPostgres({ dataDir, log });
  const keeper = keepRunning(
    'PostgreSQL',
    engine,
    (port) => startEmbeddedPostgres({ dataDir, log, port }),
    say,
  );
  stack.defer(keeper);
  return engine.url;
}

export async function startRedis(
  environment: NodeJS.ProcessEnv,
  dataDir: string,
  say: Say,
  stack: CleanupStack,
): Promise<string> {
  const named = environment['REDIS_URL'];
  if (named !== undefined && named !== '') return named;
  ensureProgram('redis-server', 'redis-server', 'to carry jobs and news', say);
  const engine = await startEmbeddedRedis({ dataDir, log });
  const keeper = keepRunning('Redis', engine, (port) => startEmbeddedRedis({ dataDir, log, port }), say);
  stack.defer(keeper);
  return engine.url;
}

/** Starts a dead engine again on its old port, where everyone looks for it; gives the function that ends it. */
function keepRunning(
  name: string,
  first: EmbeddedEngine,
  startAgain: (port: number) => Promise<EmbeddedEngine>,
  say: Say,
): () => Promise<void> {
  const port = Number(new URL(first.url).port);
  const stopping = new AbortController();
  let engine = first;
  const watch = async () => {
    while (!stopping.signal.aborted) {
      await sleep(checkMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted || engine.isRunning()) continue;
      say(`${name} ended; starting it again`);
      const restarted = await startAgain(port).catch((error: unknown) => say(`${name}: ${String(error)}`));
      if (restarted !== undefined) engine = restarted;
    }
  };
  const watching = watch();
  return async () => {
    stopping.abort();
    await watching;
    await engine.stop();
  };
}
