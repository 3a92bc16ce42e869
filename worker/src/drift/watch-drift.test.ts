import { createServer, type Server, type Socket } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DriftLook, DriftQuestion, DriftReport } from '@sluice/pipelines/protocol/drift';
import Docker from 'dockerode';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeServiceState } from '../deploy/docker/service-state.ts';
import { lookAtAll } from './watch-drift.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-drift-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const aLook = (cluster: string, target: DriftLook['target'], kubeconfig: string | null): DriftLook => ({
  environment: 'production',
  cluster,
  fence: 7,
  installation: 'test',
  target,
  kubeconfig,
  released: null,
});
const kubernetes = {
  kind: 'kubernetes',
  namespace: 'shop',
  kubeconfigSecret: null,
  prometheusUrl: null,
} as const;

const byCluster = (a: DriftReport, b: DriftReport): number =>
  (a.cluster ?? '').localeCompare(b.cluster ?? '');

const kubeconfigFor = (port: number): string =>
  JSON.stringify({
    clusters: [{ name: 'a', cluster: { server: `https://127.0.0.1:${port}` } }],
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
    users: [{ name: 'a', user: { token: 't' } }],
    'current-context': 'a',
  });

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** What is asked and reported until nothing more is due. */
async function asked(looks: readonly DriftLook[], heard: (report: DriftReport) => void = () => undefined) {
  const [left, questions, reports] = [[...looks], [] as DriftQuestion[], [] as DriftReport[]];
  const watch = {
    dataDir: folder,
    docker: new Docker(),
    workerId: 'w',
    kubeconfigPath: null,
    everyMs: 1,
    log: pino({ level: 'silent' }),
    server: {
      next: async (question: DriftQuestion) => {
        questions.push(question);
        return left.shift() ?? null;
      },
      looked: async (_environment: string, report: DriftReport) => {
        reports.push(report);
        heard(report);
      },
    },
  };
  await lookAtAll(watch, new AbortController().signal);
  return { questions, reports };
}

test('a cluster that cannot be reached, or whose kubeconfig is none, is told with what to do, and the next is looked at', async () => {
  const closed = createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const port = portOf(closed);
  closed.close();
  await once(closed, 'close');
  const { reports } = await asked([
    aLook('a', kubernetes, kubeconfigFor(port)),
    aLook('b', kubernetes, '{}'),
  ]);
  expect(reports.toSorted(byCluster)).toMatchObject([
    {
      cluster: 'a',
      fence: 7,
      seen: { kind: 'unreadable', message: expect.stringMatching(/does not answer.*check that it runs/) },
    },
    {
      cluster: 'b',
      fence: 7,
      seen: { kind: 'unreadable', message: expect.stringMatching(/Mend the secret/) },
    },
  ]);
});

test('a cluster that takes its time keeps nobody waiting', async () => {
  const open: Socket[] = [];
  const silent = createServer((socket) => open.push(socket.on('error', () => undefined))).listen(
    0,
    '127.0.0.1',
  );
  await once(silent, 'listening');
  const looks = [aLook('a', kubernetes, kubeconfigFor(portOf(silent))), aLook('b', kubernetes, '{}')];
  const { reports } = await asked(looks, ({ cluster }) => {
    // Only now, when the other one has been heard of, does it answer: by hanging up.
    if (cluster === 'b') for (const socket of open) socket.destroy();
    if (cluster === 'b') silent.on('connection', (socket: Socket) => socket.destroy());
  });
  silent.close();
  expect(reports.map(({ cluster }) => cluster)).toEqual(['b', 'a']);
});

test('a cluster on a Docker host is known by its service', async () => {
  const [listenHost, listenPort] = ['127.0.0.1', 80];
  const state = {
    installation: 'test',
    environment: 'production',
    service: 'shop-a',
    listenHost,
    listenPort,
  };
  await writeServiceState(join(folder, 'proxy', 'shop-a'), {
    ...state,
    stable: null,
    canaryPercent: 0,
    health: { a: '/', b: '/' },
  });
  const target = { kind: 'docker', service: 'shop-b', listenHost, listenPort } as const;
  const { questions, reports } = await asked([aLook('b', target, null)]);
  expect(questions[0]?.services).toEqual([{ environment: 'production', service: 'shop-a' }]);
  expect(reports).toMatchObject([
    { cluster: 'b', seen: { message: expect.stringContaining('not on this host') } },
  ]);
});
