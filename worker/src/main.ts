// The worker's process: `node --import tsx worker/src/main.ts`.
import { pino } from 'pino';
import { ConfigError, readWorkerConfig, type WorkerConfig } from './config.ts';
import { startWorker } from './start-worker.ts';

const log = pino({ name: 'worker', level: process.env['SLUICE_LOG_LEVEL'] ?? 'info' });
const config = configOrExit();
const worker = await startWorker(config, log);

let isStopping = false;
for (const name of ['SIGTERM', 'SIGINT'] as const) {
  process.on(name, () => {
    if (isStopping) process.exit(130); // asked twice: leave at once, the next start cleans up
    isStopping = true;
    log.info({ drainMs: config.drainMs }, `${name}: taking no more work`);
    worker.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error(error, 'the worker could not stop cleanly; the next start cleans up');
        process.exit(1);
      },
    );
  });
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
