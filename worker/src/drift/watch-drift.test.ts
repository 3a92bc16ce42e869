import { createServer } from 'node:net';
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

/** What is asked and reported until nothing more is due. */
async function asked(looks: readonly DriftLook[]) {
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
      looked: async (_environment: string, report: DriftReport) => void reports.push(report),
    },
  };
  await lookAtAll(watch, new AbortController().signal);
  return { questions, reports };
}

test('a cluster that cannot be reached, or whose kubeconfig is none, is told with what to do, and the next is looked at', async () => {
  const closed = createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const address = closed.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  closed.close();
  await once(closed, 'close');
  const away = JSON.stringify({
    clusters: [{ name: 'a', cluster: { server: `https://127.0.0.1:${port}` } }],
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
    users: [{ name: 'a', user: { token: 't' } }],
    'current-context': 'a',
  });
  const { reports } = await asked([aLook('a', kubernetes, away), aLook('b', kubernetes, '{}')]);
  expect(reports).toMatchObject([
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
