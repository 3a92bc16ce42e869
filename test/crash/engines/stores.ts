// PostgreSQL, Redis and the registry of the matrix's own, each on a port that it keeps.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { freePort } from '@sluice/server/embedded/free-port';
import { type EmbeddedEngine, startEmbeddedPostgres } from '@sluice/server/embedded/postgres';
import { endProcess } from '@sluice/server/embedded/process-alive';
import { startEmbeddedRedis } from '@sluice/server/embedded/redis';
import { processPart, type Part } from './part.ts';

const log = pino({ level: 'error' }, pino.destination(2));

export interface Store {
  readonly part: Part;
  readonly url: URL;
}

export const startOwnPostgres = (folder: string): Promise<Store> =>
  embedded(
    'postgres',
    (port) => startEmbeddedPostgres({ dataDir: folder, log, port }),
    () => Number(readFileSync(join(folder, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]),
  );

export const startOwnRedis = (folder: string): Promise<Store> =>
  embedded(
    'redis',
    (port) => startEmbeddedRedis({ dataDir: folder, log, port }),
    () => Number(readFileSync(join(folder, 'redis', 'running'), 'utf8').split('\n')[0]),
  );

async function embedded(
  name: string,
  launch: (port: number) => Promise<EmbeddedEngine>,
  pid: () => number,
): Promise<Store> {
  const port = await freePort();
  let engine = await launch(port);
  return {
    url: new URL(engine.url),
    part: {
      name,
      pid,
      isRunning: () => engine.isRunning(),
      signal: (signal) => void process.kill(pid(), signal),
      kill: () => endProcess(pid(), 'SIGKILL', 10_000),
      stop: () => engine.stop(),
      start: async () => void (engine = await launch(port)),
    },
  };
}

/** `host`: `127.0.0.1:port`. */
export async function startOwnRegistry(
  folder: string,
): Promise<{ readonly part: Part; readonly port: number }> {
  const port = await freePort();
  const config = join(folder, 'registry.yml');
  mkdirSync(join(folder, 'registry'), { recursive: true });
  writeFileSync(
    config,
    [
      'version: 0.1',
      'log: { level: warn }',
      `storage: { filesystem: { rootdirectory: ${JSON.stringify(join(folder, 'registry'))} } }`,
      `http: { addr: "127.0.0.1:${port}" }`,
      '',
    ].join('\n'),
  );
  const part = processPart({
    name: 'registry',
    command: ['docker-registry', 'serve', config],
    env: { PATH: process.env['PATH'], OTEL_TRACES_EXPORTER: 'none' },
    logFile: join(folder, 'log', 'registry.log'),
    answers: () =>
      fetch(`http://127.0.0.1:${port}/v2/`).then(
        (answer) => answer.ok,
        () => false,
      ),
  });
  await part.start();
  return { part, port };
}
