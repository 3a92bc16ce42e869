// The server's process: reads the environment, starts, and ends in order on SIGTERM or SIGINT.
import { pino } from 'pino';
import { ConfigError, readConfig, type ServerConfig } from './config.ts';
import { startServer } from './start-server.ts';

const config = configOrExit();
// An error of the Redis client carries the command that failed, and AUTH carries the password.
const redact = { paths: ['err.command', 'err.*.command'], remove: true };
const log = pino({ name: 'server', level: config.logLevel, redact });

const signalled = new Promise<NodeJS.Signals>((resolve) => {
  process.once('SIGTERM', resolve);
  process.once('SIGINT', resolve);
});

try {
  const server = await startServer(config, log);
  log.info({ signal: await signalled }, 'the server ends');
  await server.close();
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
