// The Docker engine that `sluice up` uses: the one named by DOCKER_HOST, the one that runs, or a private one.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Docker from 'dockerode';
import { ensureProgram } from './apt.ts';
import type { Say } from './say.ts';

export interface DockerEngine {
  readonly host: string;
  readonly docker: Docker;
  /** Ends a private engine; leaves any other alone. */
  readonly stop: () => Promise<void>;
}

const systemSocket = '/var/run/docker.sock';
const startMs = 60_000;

export async function ensureDockerEngine(dataDir: string, say: Say): Promise<DockerEngine> {
  const named = process.env['DOCKER_HOST'];
  if (named !== undefined && named !== '') {
    const docker = connect(named);
    if (!(await answers(docker))) {
      throw new Error(
        `the Docker engine at DOCKER_HOST=${named} does not answer: start it, or unset DOCKER_HOST`,
      );
    }
    return { host: named, docker, stop: async () => undefined };
  }
  const system = connect(`unix://${systemSocket}`);
  if (await answers(system))
    return { host: `unix://${systemSocket}`, docker: system, stop: async () => undefined };
  return startPrivate(dataDir, say);
}

function connect(host: string): Docker {
  if (host.startsWith('unix://')) return new Docker({ socketPath: host.slice('unix://'.length) });
  const url = new URL(host.replace(/^tcp:/, 'http:'));
  return new Docker({ protocol: 'http', host: url.hostname, port: Number(url.port || 2375) });
}

async function answers(docker: Docker): Promise<boolean> {
  return docker.ping().then(
    () => true,
    () => false,
  );
}

async function startPrivate(dataDir: string, say: Say): Promise<DockerEngine> {
  const dockerd = ensureProgram('dockerd', 'docker.io', 'the container engine that runs the stages', say);
  ensureProgram('iptables', 'iptables', 'Docker needs it for its networks', say);
  // A socket's path may have 107 characters at most, and a data folder may lie deep.
  const run = `/run/sluice-${createHash('sha256').update(dataDir).digest('hex').slice(0, 12)}`;
  const host = `unix://${run}/docker.sock`;
  const docker = connect(host);
  const pidFile = join(run, 'docker.pid');
  const stop = () => stopPrivate(pidFile);
  if (await answers(docker)) return { host, docker, stop };
  say('starting a private Docker engine');
  mkdirSync(run, { recursive: true, mode: 0o700 });
  mkdirSync(join(dataDir, 'log'), { recursive: true });
  rmSync(pidFile, { force: true });
  const logFile = join(dataDir, 'log', 'dockerd.log');
  const log = openSync(logFile, 'a', 0o600);
  const child = spawn(
    dockerd,
    [
      '--data-root',
      join(dataDir, 'docker'),
      '--exec-root',
      join(run, 'exec'),
      '--host',
      host,
      '--pidfile',
      pidFile,
    ],
    {
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` },
    },
  );
  child.unref();
  for (
    const deadline = Date.now() + startMs;
    Date.now() < deadline && child.exitCode === null;
    await sleep(100)
  ) {
    if (!(await answers(docker))) continue;
    writeFileSync(pidFile, String(child.pid));
    return { host, docker, stop };
  }
  throw new Error(`the private Docker engine did not start; its log: ${logFile}`);
}

async function stopPrivate(pidFile: string): Promise<void> {
  let pid: number;
  try {
    pid = Number(readFileSync(pidFile, 'utf8'));
    process.kill(pid, 'SIGTERM');
  } catch {
    return;
  }
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await sleep(100)) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
  }
}
