// A log of a gigabyte: how long it takes to open it at any line and to search all of it, and what memory that takes.
import { createHash } from 'node:crypto';
import { createReadStream, mkdtempSync, rmSync, createWriteStream } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import { spawnSync } from 'node:child_process';
import { attemptJob, attemptQueue, defaultPool } from '@sluice/pipelines/protocol/queues';
import type { LogMatches, LogPage } from '@sluice/pipelines/protocol/api';
import type { ClaimAnswer, Heartbeat, LogLine, RecordBatch } from '@sluice/pipelines/protocol/worker-api';
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { runOf } from '../rig/sluice.ts';
import type { Figure } from './figure.ts';
import { startServerAlone, type ServerAlone } from './server-alone.ts';
import { signedPush } from './signed-push.ts';

const lines = 10_000_000;
const linesPerRecord = 10_000;
const opens = 30;
/** 100 bytes with its line end. */
const lineOf = (n: number): string =>
  `${String(n).padStart(10, '0')} INFO compiled src/module-${n % 977}/index.ts in ${n % 400} ms `.padEnd(
    99,
    '·.',
  );

export async function hugeLog(say: (line: string) => void): Promise<readonly Figure[]> {
  await using server = await startServerAlone();
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-log-'));
  try {
    const file = join(folder, 'log.txt');
    const attempt = await anAttempt(server);
    const before = await residentMemory(server);
    const heart = setInterval(
      () => void post(server, '/worker/heartbeat', heartbeatOf(attempt)).catch(say),
      5_000,
    );
    await writeBoth(server, attempt, file, say).finally(() => clearInterval(heart));
    const seeks: number[] = [];
    const opened: number[] = [];
    for (let n = 0; n < opens; n += 1) {
      const line = (n * 7_919_317) % (lines - 500);
      opened.push(await openAt(server, attempt.id, line));
      if (n < 3) seeks.push(await readLineOf(file, line));
    }
    const needle = lineOf(lines - 10).slice(0, 40);
    const grep = timed(() => spawnSync('grep', ['-i', '-c', '-F', needle, file], { encoding: 'utf8' }));
    const searched = await search(server, attempt.id, needle);
    const grown = (await residentMemory(server)) - before;
    say(`searched in ${(searched / 1_000).toFixed(1)} s, grep -i in ${(grep / 1_000).toFixed(1)} s`);
    say(
      `the server's resident memory grew by ${(grown / 1e6).toFixed(0)} MB while it took in 1 GB and searched it`,
    );
    return [
      {
        name: 'a log of 1 GB is opened at any line',
        limit: 'reading the file up to that line',
        unit: 'ms',
        ours: opened,
        limits: seeks,
        goal: { kind: 'quantile', share: 0.95, atMost: 1_000 },
        note: `${lines} lines of 100 bytes; 500 lines from each of ${opens} places spread over the log, over HTTP. The server's resident memory grew by ${(grown / 1e6).toFixed(0)} MB while it took in the log, was read from and searched all of it.`,
      },
      {
        name: 'a log of 1 GB is searched to its end',
        limit: '`grep -i -F` of the same text in a file',
        unit: 'ms',
        ours: [searched],
        limits: [grep],
        goal: { kind: 'quantile', share: 1, atMost: 60_000 },
        note: 'Upper and lower case are the same and terminal colours are overlooked; answers come part by part, so the page shows how far it is.',
      },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface HeldAttempt {
  readonly id: string;
  readonly fence: number;
}

/** Pushes a run of one stage and claims it, as a worker does. */
async function anAttempt(server: ServerAlone): Promise<HeldAttempt> {
  const repository = await server.repository('huge');
  const commit = repository.commit({
    '.sluice.yml': `name: huge\non: { push: {} }\nstages:\n  only: { image: busybox, steps: ['true'] }\n`,
  });
  await signedPush(server.url, repository, commit).post();
  await runOf(server.api, commit);
  const connection = new Redis(server.redisUrl, { maxRetriesPerRequest: null });
  const answer = await new Promise<ClaimAnswer>((resolve, reject) => {
    const worker = new Worker(
      attemptQueue(defaultPool),
      async (job) => {
        const claim = { ...attemptJob.parse(job.data), workerId: 'bench' };
        resolve((await post(server, '/worker/claims', claim)) as ClaimAnswer);
        setImmediate(() => void worker.close());
      },
      { connection },
    );
    worker.on('failed', (_job, error) => reject(error));
  });
  connection.disconnect();
  if (answer.kind === 'refused') throw new Error(`the claim was refused: ${answer.reason}`);
  return { id: answer.claim.attemptId, fence: answer.claim.fence };
}

/** The same lines into the log and into a file. */
async function writeBoth(
  server: ServerAlone,
  attempt: HeldAttempt,
  path: string,
  say: (line: string) => void,
): Promise<void> {
  const file = createWriteStream(path);
  const digest = createHash('sha256');
  const startedAt = performance.now();
  let number = 0;
  const report = (records: RecordBatch['records']): Promise<unknown> =>
    post(server, `/worker/attempts/${attempt.id}/records`, { fence: attempt.fence, records });
  for (let first = 0; first < lines; first += linesPerRecord) {
    const texts = Array.from({ length: linesPerRecord }, (_, at) => lineOf(first + at));
    const text = `${texts.join('\n')}\n`;
    digest.update(text);
    file.write(text);
    number += 1;
    const chunk = texts.map((line): LogLine => [first, 'o', line]);
    await report([{ kind: 'log', number, step: 0, firstLine: first, lines: chunk }]);
    const part = (first + linesPerRecord) / lines;
    if (Number.isInteger(part * 4)) say(`${part * 100} % stored`);
  }
  file.end();
  await finished(file);
  const seconds = (performance.now() - startedAt) / 1_000;
  await report([
    {
      kind: 'finished',
      number: number + 1,
      outcome: { result: 'succeeded', outputs: {} },
      logLines: lines,
      logDigest: digest.digest('hex'),
      at: Date.now(),
    },
  ]);
  say(
    `stored 1 GB in ${seconds.toFixed(1)} s, verified in ${(performance.now() / 1_000 - startedAt / 1_000 - seconds).toFixed(1)} s`,
  );
}

const heartbeatOf = ({ id, fence }: HeldAttempt): Heartbeat => ({
  workerId: 'bench',
  pool: defaultPool,
  slots: 1,
  attempts: [{ attemptId: id, fence }],
});

async function openAt(server: ServerAlone, attemptId: string, line: number): Promise<number> {
  const startedAt = performance.now();
  const page = await server.api.call<LogPage>('GET', `/api/attempts/${attemptId}/log?from=${line}&limit=500`);
  const ms = performance.now() - startedAt;
  if (page.lines[0]?.text !== lineOf(line)) throw new Error(`line ${line} is not the one that was written`);
  return ms;
}

async function search(server: ServerAlone, attemptId: string, needle: string): Promise<number> {
  const startedAt = performance.now();
  const found: number[] = [];
  for (let from: number | null = 0; from !== null;) {
    const query = new URLSearchParams({ text: needle, from: String(from) });
    const part: LogMatches = await server.api.call('GET', `/api/attempts/${attemptId}/log/search?${query}`);
    found.push(...part.lines);
    from = part.next;
  }
  if (found.length !== 1 || found[0] !== lines - 10) throw new Error(`found ${found.join(', ')}`);
  return performance.now() - startedAt;
}

/** Milliseconds to come to a line of a file when nothing says where it begins. */
async function readLineOf(path: string, line: number): Promise<number> {
  const startedAt = performance.now();
  const stream = createReadStream(path);
  let at = 0;
  for await (const text of createInterface({ input: stream })) {
    if (at === line && text !== lineOf(line)) throw new Error('not the line that was written');
    at += 1;
    if (at > line) break;
  }
  stream.destroy();
  return performance.now() - startedAt;
}

async function residentMemory(server: ServerAlone): Promise<number> {
  const headers = { authorization: `Bearer ${server.workerToken}` };
  const text = await (await fetch(`${server.url}/metrics`, { headers })).text();
  const bytes = /^process_resident_memory_bytes ([\d.e+]+)$/m.exec(text)?.[1];
  if (bytes === undefined) throw new Error('the server does not tell its memory');
  return Number(bytes);
}

async function post(server: ServerAlone, path: string, body: unknown): Promise<unknown> {
  const response = await fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.workerToken}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

function timed(act: () => unknown): number {
  const startedAt = performance.now();
  act();
  return performance.now() - startedAt;
}
