// The worker's process: `node --import tsx worker/src/main.ts`.
import { pino } from 'pino';
import { ConfigError, readWorkerConfig, type WorkerConfig } from './config.ts';
import { IsolationError } from './executors/process/open-host.ts';
import { FolderInUseError } from './hold-folder.ts';
import { startWorker, type RunningWorker } from './start-worker.ts';

const log = pino({ name: 'worker', level: process.env['SLUICE_LOG_LEVEL'] ?? 'info' });
const config = configOrExit();
const worker = await startOrExit();

let timesAsked = 0;
for (const name of ['SIGTERM', 'SIGINT'] as const) {
  process.on(name, () => {
    timesAsked += 1;
    if (timesAsked === 2) worker.hurry();
    if (timesAsked > 2) process.exit(130); // leave at once: the next start takes up or cleans up what is left
    if (timesAsked > 1) return;
    log.info({ drainMs: config.drainMs, atStop: config.atStop }, `${name}: taking no more work`);
    worker.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error(error, 'the worker could not stop cleanly; the next start cleans up');
        process.exit(1);
      },
    );
  });
}

async function startOrExit(): Promise<RunningWorker> {
  try {
    return await startWorker(config, log);
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
