// From the POST of a signed webhook to the first line of the step on a WebSocket, warm image, against a raw
// `docker run` of the same command until its first byte.
import { spawn } from 'node:child_process';
import type { LiveMessage } from '@sluice/pipelines/protocol/live';
import { openLive } from '../rig/live.ts';
import type { TestRepository } from '../rig/repository.ts';
import { endedRun, startSluice, type SluiceRig } from '../rig/sluice.ts';
import type { Figure } from './figure.ts';
import { signedPush } from './signed-push.ts';

const image = process.env['TEST_IMAGE'] ?? 'lab/busybox:1';
const warmUp = 3;
const rounds = 20;

export async function webhookToFirstLine(say: (line: string) => void): Promise<readonly Figure[]> {
  await using sluice = await startSluice();
  const repository = await sluice.repository('bench');
  const watcher = await watchFirstLines(sluice);
  const ours: number[] = [];
  const limits: number[] = [];
  for (let round = 0; round < warmUp + rounds; round += 1) {
    const limit = await rawDockerRun();
    const took = await firstLine(sluice, repository, watcher, round);
    if (round < warmUp) continue;
    limits.push(limit);
    ours.push(took);
    say(`webhook → first line ${took.toFixed(0)} ms, docker run ${limit.toFixed(0)} ms`);
  }
  watcher.close();
  return [
    {
      name: 'webhook POST → first log line over the socket',
      limit: '`docker run --rm` of the same command until its first byte',
      unit: 'ms',
      ours,
      limits,
      goal: { kind: 'ratio', is: 'at-most', ratio: 1.3 },
      note: `${rounds} rounds in turn after ${warmUp} to warm up, each of a new commit in a repository on the same machine. It includes the signature check, the stored delivery, the pipeline file read at the commit, the plan, the queue, the claim, the checkout, the container, and a viewer that hears of the run, its attempt and its log by the socket alone.`,
    },
  ];
}

interface Watcher {
  /** Resolves with the time at which a line of these words came; a line of any run of the commit. */
  readonly firstLine: (commit: string, words: string) => Promise<number>;
  readonly close: () => void;
}

/** One connection, open all the time as a page's is, that follows what is asked for from run to attempt to log. */
async function watchFirstLines({ api }: SluiceRig): Promise<Watcher> {
  let wanted = { commit: '', words: '', seen: (_at: number): void => undefined };
  const followed = new Set<string>();
  const once = (id: string): boolean => !followed.has(id) && followed.add(id).has(id);
  const viewer = await openLive(api, (message: LiveMessage) => {
    if (message.kind === 'run-summary' && message.run.commit.sha === wanted.commit && once(message.run.id)) {
      viewer.send({ kind: 'watch-run', runId: message.run.id });
    }
    if (message.kind === 'run') {
      const news = message.run.attempts.filter(({ id }) => once(id));
      for (const { id } of news) viewer.send({ kind: 'watch-log', attemptId: id, from: 0 });
    }
    if (message.kind === 'log' && message.lines.some((line) => line.text === wanted.words))
      wanted.seen(performance.now());
  });
  viewer.send({ kind: 'watch-runs' });
  return {
    firstLine: (commit, words) => new Promise((seen) => (wanted = { commit, words, seen })),
    close: viewer.cut,
  };
}

async function firstLine(
  sluice: SluiceRig,
  repository: TestRepository,
  watcher: Watcher,
  round: number,
): Promise<number> {
  const words = `hello-${round}`;
  const pipeline = `name: bench\non: { push: {} }\nstages:\n  hello: { image: '${image}', steps: [echo ${words}] }\n`;
  const commit = repository.commit({ '.sluice.yml': pipeline }, `round ${round}`);
  const push = signedPush(sluice.url, repository, commit);
  const seen = watcher.firstLine(commit, words);
  const startedAt = performance.now();
  await push.post();
  const at = await seen;
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
