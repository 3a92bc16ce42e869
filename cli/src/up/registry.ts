// The registry of a single machine: Debian's `docker-registry`, supervised by us, on a port that is kept.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '@sluice/server/embedded/free-port';
import { ensureProgram } from './apt.ts';
import { endLeftover } from './one-at-a-time.ts';
import type { Say } from './say.ts';
import { supervise } from './supervise.ts';

export interface LocalRegistry {
  /** `127.0.0.1:port`. */
  readonly host: string;
  readonly stop: () => Promise<void>;
}

export async function startRegistry(dataDir: string, say: Say): Promise<LocalRegistry> {
  const program = ensureProgram(
    'docker-registry',
    'docker-registry',
    'the image registry of this machine',
    say,
  );
  const folder = join(dataDir, 'registry');
  mkdirSync(folder, { recursive: true });
  const host = `127.0.0.1:${await keptPort(join(folder, 'port'))}`;
  const config = join(folder, 'config.yml');
  writeFileSync(config, configuration(join(folder, 'data'), host));
  const pidFile = join(dataDir, 'run', 'registry.pid');
  await endLeftover(pidFile, config);
  const process_ = supervise(
    {
      name: 'registry',
      command: program,
      args: ['serve', config],
      env: { PATH: process.env['PATH'], OTEL_TRACES_EXPORTER: 'none' },
      logFile: join(dataDir, 'log', 'registry.log'),
      pidFile,
      stopMs: 5_000,
    },
    say,
  );
  for (const deadline = Date.now() + 15_000; Date.now() < deadline; await sleep(50)) {
    const answer = await fetch(`http://${host}/v2/`, { signal: AbortSignal.timeout(2_000) }).catch(
      () => null,
    );
    if (answer?.ok === true) return { host, stop: process_.stop };
  }
  await process_.stop();
  throw new Error(`the registry did not answer at ${host}; its log: ${join(dataDir, 'log', 'registry.log')}`);
}

/** Image names hold the port, so it must be the same after a restart. */
async function keptPort(file: string): Promise<number> {
  if (existsSync(file)) return Number(readFileSync(file, 'utf8'));
  const port = await freePort();
  writeFileSync(file, String(port));
  return port;
}

const configuration = (folder: string, address: string): string =>
  [
    'version: 0.1',
    'log: { level: warn }',
    `storage: { filesystem: { rootdirectory: ${JSON.stringify(folder)} }, delete: { enabled: true } }`,
    `http: { addr: ${JSON.stringify(address)} }`,
    '',
  ].join('\n');
