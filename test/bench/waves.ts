// One version to 100 clusters in waves, canary and analysis in each, against the same to one cluster. The clusters are
// simulated by the bench; the server, its database and its queues are whole.
import { actionJob, actionQueue, defaultPool } from '@sluice/pipelines/protocol/queues';
import type { RolloutView, RunView } from '@sluice/pipelines/protocol/api';
import { simulateTarget } from '@sluice/pipelines/rollout/rollout-rig';
import { createServerClient } from '@sluice/worker/server-client/server-client';
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { endedRun } from '../rig/sluice.ts';
import type { TestRepository } from '../rig/repository.ts';
import { quantile, type Figure } from './figure.ts';
import { startInstantWorker } from './instant-worker.ts';
import { processorMs, sampleMemory } from './process-memory.ts';
import { startServerAlone, type ServerAlone } from './server-alone.ts';
import { signedPush } from './signed-push.ts';

const many = 100;
const intervalMs = 5_000;
const patienceMs = 900_000;
const image = `registry.example.com/shop@sha256:${'1'.repeat(64)}`;

export async function waves(say: (line: string) => void): Promise<readonly Figure[]> {
  await using server = await startServerAlone();
  const repository = await server.repository('bench');
  const stages = startInstantWorker(server, { slots: 4, outputs: { image } });
  const clusters = startClusters(server);
  try {
    const one = await deliver(server, repository, 1);
    say(inWords('1 cluster', one));
    const all = await deliver(server, repository, many);
    say(inWords(`${many} clusters`, all));
    return figuresOf(one, all);
  } finally {
    await clusters.close();
    await stages.close();
  }
}

interface Delivery {
  readonly tookMs: number;
  /** Of the server alone. */
  readonly processorMs: number;
  readonly memoryMb: readonly number[];
  /** For each look at a cluster: by how much it came later than the interval says. */
  readonly lateMs: readonly number[];
}

async function deliver(server: ServerAlone, repository: TestRepository, count: number): Promise<Delivery> {
  const clusters = Array.from({ length: count }, (_, index) => ({
    name: `c-${index + 1}`,
    target: { kind: 'docker', service: `shop-${index + 1}`, listenHost: '127.0.0.1', listenPort: 80 },
  }));
  await server.api.call('PUT', `/api/environments/fleet-${count}`, { kind: 'clusters', clusters });
  const commit = repository.commit({ '.sluice.yml': pipelineOf(count) }, `to ${count}`);
  const before = processorMs(server.pid);
  const samples = sampleMemory(server.pid);
  const startedAt = performance.now();
  await signedPush(server.url, repository, commit).post();
  const run = await endedRun(server.api, commit, patienceMs);
  const tookMs = performance.now() - startedAt;
  const used = processorMs(server.pid) - before;
  const memoryMb = samples.stop();
  if (run.status !== 'succeeded') throw new Error(`the rollout to ${count} clusters ended as ${run.status}`);
  return { tookMs, processorMs: used, memoryMb, lateMs: await latenesses(server, run, count) };
}

async function latenesses(server: ServerAlone, run: RunView, count: number): Promise<readonly number[]> {
  const leader = await server.api.call<RolloutView>('GET', `/api/rollouts/${run.rollouts[0]?.id ?? ''}`);
  const delivered = leader.clusters?.filter(({ status }) => status === 'delivered') ?? [];
  if (delivered.length !== count)
    throw new Error(`${delivered.length} of ${count} clusters have the version`);
  const late: number[] = [];
  for (const { rolloutId } of delivered) {
    const { history } = await server.api.call<RolloutView>('GET', `/api/rollouts/${rolloutId ?? ''}`);
    const looks = history.filter(({ weightPercent }) => weightPercent === 10).map(({ at }) => at);
    for (const [index, at] of looks.slice(1).entries()) {
      late.push(Math.max(0, at - (looks[index] ?? at) - intervalMs));
    }
  }
  return late;
}

/** Workers of the bench: each action is done by the cluster's simulated target. */
function startClusters(server: ServerAlone): { readonly close: () => Promise<void> } {
  const connection = new Redis(server.redisUrl, { maxRetriesPerRequest: null });
  const client = createServerClient(server.url, server.workerToken);
  const targets = new Map<string, ReturnType<typeof simulateTarget>>();
  const { signal } = new AbortController();
  const worker = new Worker(
    actionQueue(defaultPool),
    async (job) => {
      const { rolloutId, action } = actionJob.parse(job.data);
      const answer = await client.claimAction({ rolloutId, action, workerId: 'bench' }, signal);
      if (answer.kind === 'refused') return;
      const { spec, what, fence } = answer.claim;
      const target =
        targets.get(rolloutId) ?? simulateTarget(spec, { requestsPerSecond: 100_000 }, Date.now());
      targets.set(rolloutId, target);
      await client.reportAction(rolloutId, action, {
        fence,
        result: target.answer(what, Date.now()),
        lines: [],
      });
    },
    { connection, concurrency: 16 },
  );
  return {
    close: async () => {
      await worker.close();
      connection.disconnect();
    },
  };
}

const pipelineOf = (count: number): string => `name: bench
on: { push: {} }
stages:
  image: { build: { context: . } }
  push: { needs: [image], push: { of: image, to: registry.example.com/shop } }
  production:
    needs: [push]
    deploy:
      environment: fleet-${count}
      image: push
      container: { port: 8080 }
      strategy: canary
      waves: [1, 10%, rest]
      interval: ${intervalMs / 1_000}s
      steps:
        - set_weight: 10
        - analysis: { for: 30s, whole: true }
`;

function figuresOf(one: Delivery, all: Delivery): readonly Figure[] {
  const limit = 'the same with 1 cluster';
  const shown = { kind: 'shown' } as const;
  const how = `canary with 30 s of analysis in each cluster, looked at every ${intervalMs / 1_000} s, waves of 1, 10 and ${many - 11}; simulated clusters`;
  return [
    {
      name: `${many} clusters in waves: how late a look at a cluster comes`,
      limit,
      unit: 'ms',
      ours: all.lateMs,
      limits: one.lateMs,
      goal: { kind: 'quantile', share: 0.99, atMost: 1_000 },
      note: `${how}. Beyond the interval between two looks.`,
    },
    {
      name: `${many} clusters in waves: processor time of the server`,
      limit,
      unit: 'ms',
      ours: [all.processorMs],
      limits: [one.processorMs],
      goal: shown,
      note: `${how}. From the push to the end, ${(all.tookMs / 1_000).toFixed(0)} s, which is ${((100 * all.processorMs) / all.tookMs).toFixed(0)} % of one processor; without the database.`,
    },
    {
      name: `${many} clusters in waves: memory of the server`,
      limit,
      unit: 'MB',
      ours: [Math.max(...all.memoryMb)],
      limits: [Math.max(...one.memoryMb)],
      goal: shown,
      note: `${how}. The most resident at any time, looked at five times a second.`,
    },
  ];
}

function inWords(what: string, { tookMs, processorMs: used, memoryMb, lateMs }: Delivery): string {
  const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
  return `${what}: ${seconds(tookMs)}, ${seconds(used)} of processor time, ${Math.max(...memoryMb).toFixed(0)} MB, looks late by ${quantile(lateMs, 0.5).toFixed(0)} ms (median), ${quantile(lateMs, 0.99).toFixed(0)} ms (p99)`;
}
