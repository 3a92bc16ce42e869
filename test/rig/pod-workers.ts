// Workers that run stages as pods, in a namespace of the test's own, beside the parts of a rig.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually, type SluiceRig } from './sluice.ts';

const bin = fileURLToPath(new URL('../../cli/bin/sluice.js', import.meta.url));

/** Of stages that are to run as pods. */
export const podPool = 'pods';

export interface PodWorkers extends Disposable {
  readonly start: (name: string, environment?: Readonly<Record<string, string>>) => void;
  readonly kill: (name: string, signal: 'SIGKILL' | 'SIGTERM') => void;
  /** Its exit code, when it has ended by itself. */
  readonly ended: (name: string) => Promise<number | null>;
  /** Which of them has made the pod of this run. */
  readonly holderOf: (runId: string) => Promise<string>;
  /** Names of a run's pods, as kubectl prints them. */
  readonly podsOf: (runId: string) => string;
  readonly kubectl: (...words: string[]) => string;
}

export function podWorkers(
  rig: SluiceRig,
  prefix: string,
  environment: Readonly<Record<string, string>> = {},
): PodWorkers {
  const namespace = `${prefix}-${process.pid}`;
  const workers = new Map<string, ChildProcess>();
  const kubectl = (...words: string[]): string =>
    execFileSync('kubectl', ['-n', namespace, ...words], { encoding: 'utf8' }).trim();
  execFileSync('kubectl', ['create', 'namespace', namespace], { stdio: 'ignore' });
  return {
    kubectl,
    start: (name, its = {}) => {
      const data = dataOf(rig, name);
      mkdirSync(data, { recursive: true });
      const log = openSync(join(rig.dataDir, 'log', `worker-${name}.log`), 'a');
      const worker = spawn(process.execPath, [bin, 'worker'], {
        env: {
          ...process.env,
          SLUICE_DATA: data,
          SLUICE_SERVER_URL: rig.url,
          SLUICE_WORKER_TOKEN: readFileSync(join(rig.dataDir, 'worker-token'), 'utf8').trim(),
          REDIS_URL: redisOf(rig),
          SLUICE_POOL: podPool,
          SLUICE_EXECUTOR: 'kubernetes',
          SLUICE_KUBERNETES_NAMESPACE: namespace,
          DOCKER_HOST: 'unix:///no/such/engine.sock',
          ...environment,
          ...its,
        },
        stdio: ['ignore', log, log],
      });
      workers.set(name, worker);
    },
    kill: (name, signal) => void workers.get(name)?.kill(signal),
    ended: async (name) => {
      const worker = workers.get(name);
      return eventually(`the end of worker ${name}`, () => worker?.exitCode);
    },
    holderOf: async (runId) => {
      const id = await eventually('the holder', () => {
        const path = 'jsonpath={.items[*].metadata.labels.sluice\\.worker}';
        const found = kubectl('get', 'pods', '-l', `sluice.run=${runId}`, '-o', path);
        return found === '' ? null : found;
      });
      for (const name of workers.keys())
        if (readFileSync(join(dataOf(rig, name), 'worker', 'worker-id'), 'utf8').trim() === id) return name;
      throw new Error(`no worker of this test is ${id}`);
    },
    podsOf: (runId) => kubectl('get', 'pods', '-l', `sluice.run=${runId}`, '-o', 'name'),
    [Symbol.dispose]: () => {
      for (const worker of workers.values()) worker.kill('SIGKILL');
      execFileSync('kubectl', ['delete', 'namespace', namespace, '--wait=false'], { stdio: 'ignore' });
    },
  };
}

const dataOf = (rig: SluiceRig, name: string): string => join(rig.dataDir, `worker-${name}`);

/** The server was given its address in its environment. */
function redisOf(rig: SluiceRig): string {
  const environment = readFileSync(`/proc/${rig.pid('server')}/environ`, 'utf8').split('\0');
  return environment.find((line) => line.startsWith('REDIS_URL='))?.slice('REDIS_URL='.length) ?? '';
}
