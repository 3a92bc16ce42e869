// An API server of Kubernetes of the matrix's own, on the store of the lab's cluster: a second door to the same cluster,
// which may die without anybody else noticing. It is started as the lab's own is.
import { readFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';
import { freePort } from '@sluice/server/embedded/free-port';
import type { DoorTls } from '../door.ts';
import { processPart, type Part } from './part.ts';

export interface OwnApiServer {
  readonly part: Part;
  readonly port: number;
  readonly tls: DoorTls;
}

export async function startOwnApiServer(folder: string): Promise<OwnApiServer> {
  const lab = process.env['LAB_HOME'];
  if (lab === undefined)
    throw new Error(
      'cells of Kubernetes need the cluster of the lab: run `bash test/lab/lab up kube`, then eval "$(bash test/lab/lab env)"',
    );
  const port = await freePort();
  const tls = readTls(join(lab, 'kube', 'pki'));
  const [program = '', ...args] = commandOf(join(lab, 'run', 'kube-apiserver.pid'));
  const own = [
    ...args.filter((arg) => !/^--(secure-port|bind-address)=/.test(arg)),
    `--secure-port=${port}`,
    '--bind-address=127.0.0.1',
    // It is not among those that the cluster's own Service "kubernetes" leads to.
    '--endpoint-reconciler-type=none',
  ];
  const part = processPart({
    name: 'kubernetes',
    command: [program, ...own],
    env: { PATH: process.env['PATH'] },
    logFile: join(folder, 'log', 'kube-apiserver.log'),
    answers: () => isReady(port, tls),
  });
  await part.start();
  return { part, port, tls };
}

function commandOf(pidFile: string): readonly string[] {
  const pid = readFileSync(pidFile, 'utf8').trim();
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean);
}

function readTls(folder: string): DoorTls {
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const pair = (name: string) => ({ cert: read(`${name}.crt`), key: read(`${name}.key`) });
  return { ca: read('ca.crt'), server: pair('apiserver'), client: pair('admin') };
}

function isReady(port: number, { ca, client }: DoorTls): Promise<boolean> {
  return new Promise((resolve) => {
    const options = { host: '127.0.0.1', port, path: '/readyz', ca, ...client, agent: false, timeout: 2_000 };
    const request = get(options, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(false));
  });
}
