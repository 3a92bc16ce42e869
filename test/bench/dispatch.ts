// From the POST of a webhook to the answered claim of its stage by a free worker, while 1,000 other runs are pending.
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestRepository } from '../rig/repository.ts';
import type { Figure } from './figure.ts';
import { startInstantWorker } from './instant-worker.ts';
import { startPending } from './pending-runs.ts';
import { startServerAlone, type ServerAlone } from './server-alone.ts';
import { signedPush } from './signed-push.ts';

const pending = 1_000;
const rounds = 200;
const warmUp = 10;
const everyMs = 50;

const goes = `name: goes\non: { push: {} }\nstages:\n  go: { image: busybox, steps: ['true'] }\n`;

export async function dispatch(say: (line: string) => void): Promise<readonly Figure[]> {
  await using server = await startServerAlone();
  const repository = await server.repository('bench');
  const going = repository.commit({ '.sluice.yml': goes }, 'goes', 'going');
  const claims = claimedRuns();
  const worker = startInstantWorker(server, { slots: 4, onClaimed: ({ runId }) => claims.claimed(runId) });
  const limits = await measure(server, repository, going, claims, rounds / 2);
  await startPending(server, repository, pending);
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
