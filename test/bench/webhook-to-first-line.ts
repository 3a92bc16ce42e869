// From the POST of a signed webhook to the first line of the step on a WebSocket, warm image, against a raw
// `docker run` of the same command until its first byte.
import { spawn } from 'node:child_process';
import type { LiveMessage } from '@sluice/pipelines/protocol/live';
import { openLive } from '../rig/live.ts';
import { endedRun, startSluice, type SluiceRig } from '../rig/sluice.ts';
import type { TestRepository } from '../rig/repository.ts';
import { median, type Figure } from './figure.ts';

const image = process.env['TEST_IMAGE'] ?? 'lab/busybox:1';
const warmUp = 3;
const rounds = 20;

export async function webhookToFirstLine(say: (line: string) => void): Promise<Figure> {
  await using sluice = await startSluice();
  const repository = await sluice.repository('bench');
  const oursMs: number[] = [];
  const limitMs: number[] = [];
  for (let round = 0; round < warmUp + rounds; round += 1) {
    const limit = await rawDockerRun();
    const ours = await firstLine(sluice, repository, round);
    if (round < warmUp) continue;
    limitMs.push(limit);
    oursMs.push(ours);
    say(`webhook → first line ${ours.toFixed(0)} ms, docker run ${limit.toFixed(0)} ms`);
  }
  return {
    name: 'webhook POST → first log line over the socket',
    limit: '`docker run --rm` of the same command until its first byte',
    oursMs,
    limitMs,
    ratio: median(oursMs) / median(limitMs),
    target: 1.3,
    note: `${rounds} rounds in turn after ${warmUp} to warm up; the POST includes the signature check, the stored delivery, the pipeline file read at the commit, the plan, the queue, the claim, the checkout and the container.`,
  };
}

async function firstLine(sluice: SluiceRig, repository: TestRepository, round: number): Promise<number> {
  const word = `hello-${round}`;
  const pipeline = `name: bench\non: { push: {} }\nstages:\n  hello: { image: '${image}', steps: [echo ${word}] }\n`;
  const commit = repository.commit({ '.sluice.yml': pipeline }, `round ${round}`);
  const seen = aPromise<number>();
  const attempts = new Set<string>();
  const runs = new Set<string>();
  const viewer = await openLive(sluice.api, (message: LiveMessage) => {
    if (message.kind === 'run-summary' && message.run.commit.sha === commit && !runs.has(message.run.id)) {
      runs.add(message.run.id);
      viewer.send({ kind: 'watch-run', runId: message.run.id });
    }
    if (message.kind === 'run') {
      for (const { id } of message.run.attempts.filter((attempt) => !attempts.has(attempt.id))) {
        attempts.add(id);
        viewer.send({ kind: 'watch-log', attemptId: id, from: 0 });
      }
    }
    if (message.kind === 'log' && message.lines.some((line) => line.text === word))
      seen.resolve(performance.now());
  });
  viewer.send({ kind: 'watch-runs' });
  const startedAt = performance.now();
  await repository.announce(commit);
  const at = await seen.promise;
  viewer.cut();
  await endedRun(sluice.api, commit);
  return at - startedAt;
}

function rawDockerRun(): Promise<number> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const docker = spawn('docker', ['run', '--rm', image, 'sh', '-c', 'echo hello'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let first = Number.NaN;
    docker.stdout.once('data', () => (first = performance.now() - startedAt));
    docker.once('error', reject);
    docker.once('close', (code) =>
      code === 0 ? resolve(first) : reject(new Error(`docker run ended with ${code}`)),
    );
  });
}

function aPromise<T>() {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}
