// What a step costs beside its command: a stage of steps that do nothing, from one step's start to the next one's, by
// the worker's own event times; against a `docker exec` of the same in a container that runs already.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { endedRun, startSluice } from '../rig/sluice.ts';
import type { Figure } from './figure.ts';
import { signedPush } from './signed-push.ts';

const image = process.env['TEST_IMAGE'] ?? 'lab/busybox:1';
const steps = 20;
const rounds = 2;

export async function stepOverhead(say: (line: string) => void): Promise<readonly Figure[]> {
  await using sluice = await startSluice();
  const repository = await sluice.repository('bench');
  const list = Array.from({ length: steps }, () => `'true'`).join(', ');
  const pipeline = `name: bench\non: { push: {} }\nstages:\n  idle: { image: '${image}', steps: [${list}] }\n`;
  const ours: number[] = [];
  const limits: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    limits.push(...(await dockerExecs(steps)));
    const commit = repository.commit({ '.sluice.yml': pipeline }, `round ${round}`);
    await signedPush(sluice.url, repository, commit).post();
    const run = await endedRun(sluice.api, commit);
    const stage = run.state?.stages['idle'];
    if (stage?.status !== 'succeeded') throw new Error(`the stage of the bench ended as ${stage?.status}`);
    const starts = stage.steps.flatMap((step) => ('startedAt' in step ? [step.startedAt] : []));
    ours.push(...starts.slice(1).map((at, index) => at - (starts[index] ?? at)));
    say(`round ${round + 1}: ${steps} steps`);
  }
  return [
    {
      name: 'overhead between two steps of a stage',
      limit: '`docker exec` of `true` in a running container',
      unit: 'ms',
      ours,
      limits,
      goal: { kind: 'quantile', share: 0.5, atMost: 50 },
      note: `${rounds} stages of ${steps} steps that run \`true\`, from the start of a step to the start of the next, so the command's own process is included.`,
    },
  ];
}

async function dockerExecs(count: number): Promise<readonly number[]> {
  const name = `sluice-bench-${randomUUID()}`;
  await docker('run', '--detach', '--rm', '--name', name, image, 'sleep', '120');
  try {
    const times: number[] = [];
    for (let index = 0; index < count; index += 1) times.push(await docker('exec', name, 'true'));
    return times;
  } finally {
    await docker('rm', '--force', name);
  }
}

/** Milliseconds that it took. */
function docker(...args: string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const child = spawn('docker', args, { stdio: ['ignore', 'ignore', 'inherit'] });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(performance.now() - startedAt);
      else reject(new Error(`docker ${args[0]} ended with ${code}`));
    });
  });
}
