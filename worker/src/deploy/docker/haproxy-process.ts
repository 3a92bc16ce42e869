// The proxy is a daemon of its own: it outlives the worker, and a newer process takes its listeners over.
import { execFile } from 'node:child_process';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DeployProblem, messageOf } from '../deploy-problem.ts';
import { renderProxyConfig, structureOf, type ProxyConfig } from './haproxy-config.ts';
import { proxyPid, runningProxy } from './haproxy-socket.ts';

export interface ProxyFiles {
  readonly folder: string;
  readonly socket: string;
}

/** The longest path of a Unix socket on Linux is 107 bytes, and HAProxy adds `.<pid>.tmp` while it binds. */
const longestSocketPath = 92;

export function proxyFiles(folder: string): ProxyFiles {
  const socket = join(folder, 'run.sock');
  if (Buffer.byteLength(socket) > longestSocketPath) {
    throw new DeployProblem(
      'path-too-long',
      `The socket path ${socket} is longer than ${longestSocketPath} bytes: give the worker a shorter data directory.`,
    );
  }
  return { folder, socket };
}

/**
 * Makes the proxy run with this configuration. A proxy that runs with another set of servers is replaced by a new
 * process that inherits its listeners; connections of the old one are finished by it. Weights of a running proxy
 * are left as they are. True: a process was started.
 */
export async function ensureProxy(command: string, files: ProxyFiles, config: ProxyConfig): Promise<boolean> {
  const running = await runningProxy(files.socket);
  if (running !== null && running.structure === structureOf(config)) return false;
  const next = join(files.folder, 'next.cfg');
  await mkdir(files.folder, { recursive: true, mode: 0o700 });
  await writeFile(next, renderProxyConfig(config), { mode: 0o600 });
  const takeOver = running === null ? [] : ['-x', files.socket, '-sf', String(running.pid)];
  await runProxy(command, ['-D', '-f', next, '-p', pidFile(files), ...takeOver], config);
  await rename(next, join(files.folder, 'haproxy.cfg')); // for people
  return true;
}

/** Connections that are under way are cut. Nothing happens when it does not run. */
export async function stopProxy(files: ProxyFiles): Promise<void> {
  const pid = await proxyPid(files.socket);
  if (pid === null) return;
  process.kill(pid, 'SIGTERM');
  for (let waited = 0; waited < 5_000; waited += 50) {
    if ((await proxyPid(files.socket)) !== pid) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new DeployProblem('proxy-does-not-stop', `HAProxy (process ${pid}) does not stop: end it by hand.`);
}

/** Rejects with a problem that says what to install when there is no HAProxy. */
export async function checkProxyCommand(command: string): Promise<void> {
  await run(command, ['-v']).catch((error: unknown) => {
    throw missing(command, error);
  });
}

/** Also tells the processes of one service's proxy from others, in their command line. */
export const pidFile = ({ folder }: ProxyFiles): string => join(folder, 'haproxy.pid');

async function runProxy(command: string, args: readonly string[], config: ProxyConfig): Promise<void> {
  await run(command, args).catch((error: unknown) => {
    const message = messageOf(error);
    if (/ENOENT|EACCES/.test(message)) throw missing(command, error);
    const address = `${config.listenHost}:${config.listenPort}`;
    if (/cannot bind socket/i.test(message)) {
      throw new DeployProblem(
        'port-taken',
        `The proxy cannot listen on ${address}: another program has that port, or the address is not this machine's. Free it, or give the environment another one.`,
        { retryable: true, cause: error },
      );
    }
    throw new DeployProblem('proxy-refused', `HAProxy did not start on ${address}: ${alerts(message)}`, {
      cause: error,
    });
  });
}

function missing(command: string, cause: unknown): DeployProblem {
  return new DeployProblem(
    'proxy-missing',
    `There is no HAProxy on this worker (${command}): install it, for example with \`apt-get install haproxy\`.`,
    { cause },
  );
}

function alerts(message: string): string {
  const lines = message.split('\n').filter((line) => line.startsWith('[ALERT]'));
  return (lines.length > 0 ? lines : [message]).join(' ').slice(0, 1_000);
}

function run(command: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(command, [...args], { timeout: 15_000 }, (error, _stdout, stderr) => {
      if (error === null) resolve();
      else reject(new Error(`${messageOf(error)}\n${stderr}`, { cause: error }));
    });
  });
}
