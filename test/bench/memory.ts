// What the server and a worker hold in memory: idle, with 1,000 runs pending, and while a log of 100 MB passes.
import { setTimeout as sleep } from 'node:timers/promises';
import { endedRun, eventually, startSluice, type SluiceRig } from '../rig/sluice.ts';
import type { Figure } from './figure.ts';
import { startPending } from './pending-runs.ts';
import { bareNodes, heapMb, residentMb, sampleMemory } from './process-memory.ts';
import { signedPush } from './signed-push.ts';

const image = process.env['TEST_IMAGE'] ?? 'lab/busybox:1';
const pending = 1_000;
const lines = 1_400_000;
const line = 'a line of a log as builds print them, of about seventy characters in all';
const settleMs = 5_000;

export async function memory(say: (line: string) => void): Promise<readonly Figure[]> {
  const bare = await bareNodes(3);
  await using sluice = await startSluice();
  const repository = await sluice.repository('bench');
  const shown = (name: string, ours: readonly number[], note: string): Figure => {
    say(`${name}: ${Math.max(...ours).toFixed(0)} MB`);
    const goal = { kind: 'shown' } as const;
    return {
      name: `memory of ${name}`,
      limit: 'a Node process that does nothing',
      unit: 'MB',
      ours,
      limits: bare,
      goal,
      note,
    };
  };
  const [server, worker] = [sluice.pid('server'), sluice.pid('worker')];
  await sleep(settleMs);
  const idle = [
    shown(
      'the server, idle',
      [residentMb(server)],
      `resident, ${await heap(sluice)}, some seconds after its start.`,
    ),
    shown('a worker, idle', [residentMb(worker)], 'resident, some seconds after its start.'),
  ];
  await startPending(sluice, repository, pending);
  await sleep(settleMs);
  const many = shown(
    `the server, ${pending} runs pending`,
    [residentMb(server)],
    `resident, ${await heap(sluice)}, some seconds after the last of them was planned; each waits for an approval.`,
  );
  const samples = [sampleMemory(server), sampleMemory(worker)];
  const pipeline = `name: bench\non: { push: {} }\nstages:\n  print: { image: '${image}', steps: ["yes '${line}' | head -n ${lines}"] }\n`;
  const commit = repository.commit({ '.sluice.yml': pipeline });
  await signedPush(sluice.url, repository, commit).post();
  const run = await endedRun(sluice.api, commit);
  const attempt = run.attempts[0];
  if (attempt === undefined || attempt.logLines < lines)
    throw new Error('the log of 100 MB was not complete');
  const [serverSizes, workerSizes] = samples.map((sample) => sample.stop());
  const note = `resident, looked at five times a second while ${lines} lines (${((lines * (line.length + 1)) / 1e6).toFixed(0)} MB) of one step passed.`;
  return [
    ...idle,
    many,
    shown('the server, a log of 100 MB passing', serverSizes ?? [], note),
    shown('a worker, a log of 100 MB passing', workerSizes ?? [], note),
  ];
}

async function heap(sluice: SluiceRig): Promise<string> {
  const mb = await eventually('the metrics', () => heapMb(sluice.url, sluice.api.token));
  return `of which ${mb.toFixed(0)} MB heap in use`;
}
