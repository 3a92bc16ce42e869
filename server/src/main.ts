// The server's process: reads the environment, starts, and ends in order on SIGTERM or SIGINT; a second one shortens it.
import { pino } from 'pino';
import { ConfigError, readConfig, type ServerConfig } from './config.ts';
import { startServer } from './start-server.ts';

const config = configOrExit();
// An error of the Redis client carries the command that failed, and AUTH carries the password.
const redact = { paths: ['err.command', 'err.*.command'], remove: true };
const log = pino({ name: 'server', level: config.logLevel, redact });

const hurry = new AbortController();
const signalled = new Promise<NodeJS.Signals>((resolve) => {
  let times = 0;
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.on(name, () => {
      times += 1;
      resolve(name);
      if (times === 2) hurry.abort();
      if (times > 2) process.exit(130); // what is not stored was not answered either
    });
  }
});

try {
  const server = await startServer(config, log);
  const signal = await signalled;
  log.info(
    { signal, leaveMs: config.leaveMs },
    'the server ends: /readyz says so, and its doors close after leaveMs',
  );
  await server.leave(hurry.signal);
  await server.close();
  log.info('the server has ended');
  process.exit(0);
} catch (error) {
  log.fatal({ err: error }, error instanceof Error ? error.message : 'the server could not start');
  process.exit(1);
}

function configOrExit(): ServerConfig {
  try {
    return readConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
