// A step that prints as fast as it can, as a viewer on the socket sees it, against `docker logs -f` of a container
// that prints the same; and how long a line takes to be visible when a step prints steadily.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { LiveMessage } from '@sluice/pipelines/protocol/live';
import { openLive } from '../rig/live.ts';
import { runOf, eventually, startSluice, type SluiceRig } from '../rig/sluice.ts';
import type { RunView } from '@sluice/pipelines/protocol/api';
import type { Figure } from './figure.ts';
import { signedPush } from './signed-push.ts';

const image = process.env['TEST_IMAGE'] ?? 'lab/busybox:1';
const lines = 500_000;
const rounds = 2;
/** Every command waits a second first, so that its reader is there before its first line. */
const flood = `sleep 1; seq 1 ${lines} | sed 's/$/ a line of a log as builds print them, of about sixty characters/'`;
const steadyLines = 1_000;
/** Each line is the machine's uptime in seconds at its printing, to 10 ms: the only clock that costs no process. */
const steady = `sleep 1; i=0; while [ $i -lt ${steadyLines} ]; do read up rest < /proc/uptime; echo "up $up"; i=$((i+1)); usleep 5000; done`;

export async function logThroughput(say: (line: string) => void): Promise<readonly Figure[]> {
  await using sluice = await startSluice();
  const ours: number[] = [];
  const limits: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const limit = await dockerLogs();
    const { lineTimes } = await printed(sluice, `flood-${round}`, flood);
    if (lineTimes.count !== lines) throw new Error(`${lines - lineTimes.count} lines were lost`);
    limits.push(limit);
    ours.push(lines / lineTimes.seconds);
    say(`${(ours.at(-1) ?? 0).toFixed(0)} lines/s, docker logs -f ${limit.toFixed(0)} lines/s`);
  }
  const { delays } = await printed(sluice, 'steady', steady);
  if (delays.length !== steadyLines) throw new Error(`${steadyLines - delays.length} lines were lost`);
  return [
    {
      name: 'log throughput of one step, on the socket',
      limit: '`docker logs -f` of the same output',
      unit: '/s',
      ours,
      limits,
      goal: { kind: 'ratio', is: 'at-least', ratio: 0.8 },
      note: `${lines} lines of about 70 characters, ${rounds} times in turn, from the first line to the last as each reader gets them; every line arrived, in order.`,
    },
    {
      name: 'a printed line is visible on the socket',
      limit: 'nothing: an absolute figure',
      unit: 'ms',
      ours: delays,
      limits: [0],
      goal: { kind: 'quantile', share: 0.95, atMost: 150 },
      note: `${steadyLines} lines, one about every 5 ms, each carrying the machine's clock (to 10 ms) at its printing.`,
    },
  ];
}

interface Printed {
  readonly lineTimes: { readonly count: number; readonly seconds: number };
  /** Of lines that say when they were printed, in milliseconds. */
  readonly delays: readonly number[];
}

/** Runs a stage of one step and follows its log by the socket to its end. */
async function printed(sluice: SluiceRig, name: string, command: string): Promise<Printed> {
  const repository = await sluice.repository(name);
  const script = command.replaceAll("'", "''");
  const pipeline = `name: bench\non: { push: {} }\nstages:\n  print: { image: '${image}', steps: ['${script}'] }\n`;
  const commit = repository.commit({ '.sluice.yml': pipeline });
  let count = 0;
  let next = 0;
  let firstAt = Number.NaN;
  let lastAt = Number.NaN;
  const delays: number[] = [];
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const viewer = await openLive(sluice.api, (message: LiveMessage) => {
    if (message.kind === 'log-complete') end();
    if (message.kind !== 'log') return;
    const now = uptimeMs();
    for (const line of message.lines) {
      if (line.n !== next) throw new Error(`line ${next} was expected and ${line.n} came`);
      next += 1;
      if (line.stream !== 'o') continue;
      count += 1;
      const printedAt = /^up ([\d.]+)$/.exec(line.text)?.[1];
      if (printedAt !== undefined) delays.push(now - Number(printedAt) * 1_000);
      if (count === 1) firstAt = performance.now();
      lastAt = performance.now();
    }
  });
  await signedPush(sluice.url, repository, commit).post();
  const { id } = await runOf(sluice.api, commit);
  const attemptId = await eventually('the attempt', async () => {
    const run = await sluice.api.call<RunView>('GET', `/api/runs/${id}`);
    return run.attempts[0]?.id;
  });
  viewer.send({ kind: 'watch-log', attemptId, from: 0 });
  await ended;
  viewer.cut();
  return { lineTimes: { count, seconds: (lastAt - firstAt) / 1_000 }, delays };
}

const uptimeMs = (): number => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1_000;

/** Lines a second. */
async function dockerLogs(): Promise<number> {
  const name = `sluice-bench-${randomUUID()}`;
  await run('run', '--detach', '--name', name, image, 'sh', '-c', flood);
  try {
    return lines / (await run('logs', '--follow', name));
  } finally {
    await run('rm', '--force', name);
  }
}

/** Seconds from the first byte of the output to the last. */
function run(...args: string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn('docker', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let firstAt = Number.NaN;
    let lastAt = Number.NaN;
    child.stdout.on('data', () => {
      lastAt = performance.now();
      if (Number.isNaN(firstAt)) firstAt = lastAt;
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve((lastAt - firstAt) / 1_000);
      else reject(new Error(`docker ${args[0]} ended with ${code}`));
    });
  });
}
