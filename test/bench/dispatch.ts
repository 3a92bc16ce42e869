// From the POST of a webhook to the answered claim of its stage by a free worker, while 1,000 other runs are pending.
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunSummary } from '@sluice/pipelines/protocol/api';
import type { TestRepository } from '../rig/repository.ts';
import { eventually } from '../rig/sluice.ts';
import type { Figure } from './figure.ts';
import { startInstantWorker } from './instant-worker.ts';
import { startServerAlone, type ServerAlone } from './server-alone.ts';
import { signedPush } from './signed-push.ts';

const pending = 1_000;
const rounds = 200;
const warmUp = 10;
const everyMs = 50;

const waits = `name: waits\non: { push: {} }\nstages:\n  gate: { approve: {} }\n  go: { needs: [gate], image: busybox, steps: ['true'] }\n`;
const goes = `name: goes\non: { push: {} }\nstages:\n  go: { image: busybox, steps: ['true'] }\n`;

export async function dispatch(say: (line: string) => void): Promise<readonly Figure[]> {
  await using server = await startServerAlone();
  const repository = await server.repository('bench');
  const waiting = repository.commit({ '.sluice.yml': waits }, 'waits', 'waiting');
  const going = repository.commit({ '.sluice.yml': goes }, 'goes', 'going');
  const claims = claimedRuns();
  const worker = startInstantWorker(server, { slots: 4, onClaimed: ({ runId }) => claims.claimed(runId) });
  const limits = await measure(server, repository, going, claims, rounds / 2);
  await startPending(server, repository, waiting);
  say(`${pending} runs are pending`);
  const ours = await measure(server, repository, going, claims, rounds);
  await worker.close();
  return [
    {
      name: `dispatch: webhook POST → a worker has the stage, ${pending} runs pending`,
      limit: 'the same with no run pending',
      unit: 'ms',
      ours,
      limits,
      goal: { kind: 'quantile', share: 0.99, atMost: 100 },
      note: `${rounds} webhooks, one every ${everyMs} ms, while ${pending} runs wait for an approval and a worker has a free slot; until the worker has the answer to its claim.`,
    },
  ];
}

/** The next run that is claimed, whichever comes first: its claim or our asking. */
function claimedRuns() {
  let onClaim: () => void = () => undefined;
  return {
    claimed: (_runId: string) => onClaim(),
    next: () => new Promise<number>((resolve) => (onClaim = () => resolve(performance.now()))),
  };
}

async function measure(
  server: ServerAlone,
  repository: TestRepository,
  commit: string,
  claims: ReturnType<typeof claimedRuns>,
  count: number,
): Promise<readonly number[]> {
  const times: number[] = [];
  for (let round = 0; round < warmUp + count; round += 1) {
    const push = signedPush(server.url, repository, commit, 'going');
    const claimed = claims.next();
    const startedAt = performance.now();
    await push.post();
    const took = (await claimed) - startedAt;
    if (round >= warmUp) times.push(took);
    await sleep(Math.max(0, everyMs - took));
  }
  return times;
}

async function startPending(server: ServerAlone, repository: TestRepository, commit: string): Promise<void> {
  for (let sent = 0; sent < pending; sent += 20) {
    const some = Array.from({ length: 20 }, () =>
      signedPush(server.url, repository, commit, 'waiting').post(),
    );
    await Promise.all(some);
  }
  await eventually('the pending runs', async () => {
    const path = `/api/runs?status=awaiting-approval&limit=1`;
    const all = await server.api.call<{ runs: readonly RunSummary[] }>('GET', '/api/runs?limit=1');
    const waiting = await server.api.call<{ runs: readonly RunSummary[] }>('GET', path);
    const newest = all.runs[0];
    return newest !== undefined && newest.id === waiting.runs[0]?.id && newest.number >= pending
      ? true
      : null;
  });
}
