// How many stages that do nothing pass through the engine in a second (queued, dispatched, claimed, reported, folded,
// the run ended), against as many raw BullMQ jobs added and processed on the same Redis.
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { signedPush } from './signed-push.ts';
import { durableStages } from './durable-stages.ts';
import type { Figure } from './figure.ts';
import { startInstantWorker } from './instant-worker.ts';
import { startServerAlone, type ServerAlone } from './server-alone.ts';

const stagesPerRun = 50;
const runs = 20;
const rounds = 3;
const slots = 64;

export async function noOpStages(say: (line: string) => void): Promise<readonly Figure[]> {
  await using server = await startServerAlone();
  const stages = Array.from(
    { length: stagesPerRun },
    (_, index) => `  s${index}: { image: busybox, steps: ['true'] }`,
  );
  const repository = await server.repository('bench');
  const commit = repository.commit({
    '.sluice.yml': `name: bench\non: { push: {} }\nstages:\n${stages.join('\n')}\n`,
  });
  const count = stagesPerRun * runs;
  const ours: number[] = [];
  const limits: number[] = [];
  const bareDurable: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const raw = await rawJobs(server.redisUrl, count);
    const bare = await durableStages(server.databaseUrl, count, runs, slots);
    const passed = await passedStages(server, count, () =>
      Promise.all(Array.from({ length: runs }, () => signedPush(server.url, repository, commit).post())),
    );
    if (round === 0) continue;
    limits.push(raw);
    bareDurable.push(bare);
    ours.push(passed);
    say(
      `${passed.toFixed(0)} stages/s, ${raw.toFixed(0)} raw jobs/s, ${bare.toFixed(0)} bare durable stages/s`,
    );
  }
  return [
    {
      name: 'stages that do nothing, per second',
      limit: 'raw BullMQ jobs added and processed',
      unit: '/s',
      ours,
      limits,
      goal: { kind: 'ratio', is: 'at-least', ratio: 0.5 },
      note: `${rounds} rounds in turn of ${runs} runs of ${stagesPerRun} stages each, from the first webhook's POST to the last acknowledged end, with ${slots} slots; a raw job carries the same ids, is added in bulk and processed by as many slots, and is written to no database.`,
    },
    {
      name: 'stages that do nothing, per second, beside what durability costs',
      limit: 'a bare loop of two transactions a stage on the same PostgreSQL',
      unit: '/s',
      ours,
      limits: bareDurable,
      goal: { kind: 'shown' },
      note: `the same rounds. The loop has no engine, no queue and no network but the database's: for each stage two transactions of one locking read and three writes, by ${slots} slots over 20 connections, durable at each commit (\`synchronous_commit\` is on). More than 1× means that stages which share transactions cost less than one by one they could.`,
    },
  ];
}

async function passedStages(
  server: ServerAlone,
  count: number,
  start: () => Promise<unknown>,
): Promise<number> {
  let left = count;
  const startedAt = performance.now();
  let seconds = 0;
  const ended = new Promise<void>((resolve) => {
    const worker = startInstantWorker(server, {
      slots,
      onFinished: () => {
        left -= 1;
        if (left > 0) return;
        seconds = (performance.now() - startedAt) / 1_000;
        setImmediate(() => void worker.close().then(resolve));
      },
    });
  });
  await start();
  await ended;
  return count / seconds;
}

async function rawJobs(redisUrl: string, count: number): Promise<number> {
  const connection = new Redis(redisUrl, { maxRetriesPerRequest: null });
  const queue = new Queue('raw', { connection });
  const startedAt = performance.now();
  let left = count;
  let done: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (done = resolve));
  const worker = new Worker(
    'raw',
    () => {
      left -= 1;
      if (left === 0) done();
      return Promise.resolve();
    },
    { connection, concurrency: slots, removeOnComplete: { count: 0 } },
  );
  const data = { runId: '01890000-0000-7000-8000-000000000000', stage: 's0', attempt: 1 };
  await queue.addBulk(Array.from({ length: count }, () => ({ name: 'enqueue-attempt', data })));
  await ended;
  const seconds = (performance.now() - startedAt) / 1_000;
  await worker.close();
  await queue.close();
  connection.disconnect();
  return count / seconds;
}
