// 10,000 runs at once: how long the server takes to accept them, what they cost it, when their stages start, and how
// long another project's stage waits for a worker meanwhile.
import { setTimeout as sleep } from 'node:timers/promises';
import { databaseOf } from './database-figures.ts';
import type { Figure } from './figure.ts';
import { startInstantWorker } from './instant-worker.ts';
import { startRuns } from './pending-runs.ts';
import { residentMb } from './process-memory.ts';
import { startServerAlone, type ServerAlone } from './server-alone.ts';
import { signedPush } from './signed-push.ts';

const queued = 10_000;
const few = 500;
const slots = 16;
const others = 40;
const everyMs = 100;
const goes = `name: goes\non: { push: {} }\nstages:\n  go: { image: busybox, steps: ['true'] }\n`;

export async function queuedRuns(say: (line: string) => void): Promise<readonly Figure[]> {
  await using server = await startServerAlone();
  await using database = databaseOf(server.databaseUrl);
  const repository = await server.repository('bench');
  const commit = repository.commit({ '.sluice.yml': goes });
  const idleMb = residentMb(server.pid);
  const fewAccepted = few / ((await startRuns(server, repository, commit, few)).startedMs / 1_000);
  const fewDrained = await drain(server, few);
  const accepted = await startRuns(server, repository, commit, queued);
  const perSecond = queued / (accepted.startedMs / 1_000);
  const queuedMb = residentMb(server.pid);
  say(
    `${queued} runs planned and queued in ${(accepted.startedMs / 1_000).toFixed(0)} s, ${queuedMb.toFixed(0)} MB`,
  );
  const scannedBefore = await database.rowsScanned();
  const drained = await drain(server, queued);
  const scanned = (await database.rowsScanned()) - scannedBefore;
  say(`their stages started within ${(drained.lastMs / 1_000).toFixed(0)} s`);
  const shown = { kind: 'shown' } as const;
  return [
    {
      name: `${queued} runs accepted: delivered, planned and queued, per second`,
      limit: `the same of ${few} runs`,
      unit: '/s',
      ours: [perSecond],
      limits: [fewAccepted],
      goal: shown,
      note: `20 deliveries at a time; the last was answered after ${(accepted.acceptedMs / 1_000).toFixed(1)} s, and the last run stood in line after ${(accepted.startedMs / 1_000).toFixed(1)} s.`,
    },
    {
      name: `memory of the server, ${queued} runs queued`,
      limit: 'the same server, idle',
      unit: 'MB',
      ours: [queuedMb],
      limits: [idleMb],
      goal: shown,
      note: 'resident, just after the last of them stood in line.',
    },
    {
      name: `${queued} stages of the queue started, per second`,
      limit: `the same of ${few} stages`,
      unit: '/s',
      ours: [queued / (drained.lastMs / 1_000)],
      limits: [few / (fewDrained.lastMs / 1_000)],
      goal: shown,
      note: `from the start of a worker of ${slots} slots that ends each stage at once: the first had its worker after ${drained.firstMs.toFixed(0)} ms, the last after ${(drained.lastMs / 1_000).toFixed(1)} s. PostgreSQL read ${(scanned / queued).toFixed(1)} rows a stage by scans of whole tables of runs, events and attempts.`,
    },
    {
      name: `dispatch: webhook POST of another project → a worker has the stage, while ${queued} stages are worked off`,
      limit: `the same while ${few} are`,
      unit: 'ms',
      ours: drained.others,
      limits: fewDrained.others,
      goal: shown,
      note: `up to ${others} webhooks of another project, one every ${everyMs} ms, while every slot is busy with the queue.`,
    },
  ];
}

interface Drained {
  readonly firstMs: number;
  readonly lastMs: number;
  /** Milliseconds from POST to claim. */
  readonly others: readonly number[];
}

/** Works off `count` queued stages, and meanwhile stages of another project. */
async function drain(server: ServerAlone, count: number): Promise<Drained> {
  const project = `other-${count}`;
  const other = await server.repository(project, project);
  const commit = other.commit({ '.sluice.yml': goes });
  let onOther: () => void = () => undefined;
  let firstMs = Number.NaN;
  let lastMs = Number.NaN;
  let left = count;
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const startedAt = performance.now();
  const worker = startInstantWorker(server, {
    slots,
    onClaimed: (_job, claim) => {
      if (claim.project === project) return onOther();
      left -= 1;
      lastMs = performance.now() - startedAt;
      if (Number.isNaN(firstMs)) firstMs = lastMs;
      if (left === 0) end();
    },
  });
  const times: number[] = [];
  while (left > 0 && times.length < others) {
    const claimed = new Promise<number>((resolve) => (onOther = () => resolve(performance.now())));
    const push = signedPush(server.url, other, commit);
    const postedAt = performance.now();
    await push.post();
    times.push((await claimed) - postedAt);
    await sleep(everyMs);
  }
  await ended;
  await worker.close();
  return { firstMs, lastMs, others: times };
}
