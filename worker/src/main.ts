// The worker's process: `node --import tsx worker/src/main.ts`. What is imported here is little: a new process first
// tells the server that it is there, and only then loads what it works with.
import { pino } from 'pino';
import { beginWorker } from './begin-worker.ts';
import { ConfigError, readWorkerConfig, type WorkerConfig } from './config.ts';
import { IsolationError } from './executors/process/isolation-error.ts';
import { FolderInUseError } from './hold-folder.ts';
import type { RunningWorker } from './start-worker.ts';

const log = pino({ name: 'worker', level: process.env['SLUICE_LOG_LEVEL'] ?? 'info' });
const config = configOrExit();

let worker: RunningWorker | null = null;
let timesAsked = 0;
for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => onSignal(name));

worker = await startOrExit();

function onSignal(name: 'SIGTERM' | 'SIGINT'): void {
  timesAsked += 1;
  if (worker === null) {
    log.info(`${name} while starting: what an earlier process left is left to the next one`);
    process.exit(0);
  }
  if (timesAsked === 2) {
    log.info(`${name} again: not waiting any longer`);
    worker.hurry();
  }
  if (timesAsked > 2) process.exit(130); // leave at once: the next start takes up or cleans up what is left
  if (timesAsked > 1) return;
  log.info({ drainMs: config.drainMs, atStop: config.atStop }, `${name}: taking no more work`);
  worker.stop().then(
    () => {
      log.info('the worker has ended');
      process.exit(0);
    },
    (error: unknown) => {
      log.error(error, 'the worker could not stop cleanly; the next start cleans up');
      process.exit(1);
    },
  );
}

async function startOrExit(): Promise<RunningWorker> {
  try {
    const begun = await beginWorker(config);
    const { startWorker } = await import('./start-worker.ts');
    return await startWorker(config, begun, log);
  } catch (error) {
    if (!(error instanceof FolderInUseError || error instanceof IsolationError)) throw error;
    process.stderr.write(`the worker cannot start: ${error.message}\n`);
    process.exit(1);
  }
}

function configOrExit(): WorkerConfig {
  try {
    return readWorkerConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
