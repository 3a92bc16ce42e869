// Many workers, killed and started again at random under many concurrent runs on the process executor. At the end
// every run has ended right, each step has had its effect exactly once, no line was lost or repeated, and nothing
// is left on the host.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogPage, RunView, WorkerView } from '@sluice/pipelines/protocol/api';
import { processesIn } from '@sluice/worker/executors/process/kill-leftovers';
import type { ApiClient } from '../../cli/src/api-client.ts';
import { startServerAlone } from '../bench/server-alone.ts';
import { eventually } from '../rig/sluice.ts';
import { randomFrom } from './random.ts';
import { dataFolder, startFleet, type WorkerFleet } from './worker-fleet.ts';

export interface SoakOptions {
  readonly workers: number;
  /** Runs under way at the same time. */
  readonly concurrentRuns: number;
  /** New runs and kills for so long; then all runs are waited for. */
  readonly forMs: number;
  /** No more runs than this; null: as many as end in time. */
  readonly mostRuns: number | null;
  /** Between two kills, on average. */
  readonly killEveryMs: number;
  readonly seed: number;
  readonly say: (line: string) => void;
}

export interface SoakFigures {
  readonly seed: number;
  readonly workers: number;
  readonly seconds: number;
  readonly kills: number;
  readonly runs: number;
  readonly runsEndedRight: number;
  readonly mostConcurrentRuns: number;
  readonly stages: number;
  readonly steps: number;
  /** Steps whose effect was there not once. */
  readonly effectsNotOnce: number;
  readonly lines: number;
  readonly linesLost: number;
  readonly linesRepeated: number;
  /** Logs whose count and digest, stated by the worker, were not those of what the server stored. */
  readonly logsUnproven: number;
  readonly adoptions: number;
  readonly orphans: number;
  /** What was wrong, run by run; empty when all is right. */
  readonly problems: readonly string[];
}

/** After the last start: what has not ended by then counts as lost. */
const patienceMs = 300_000;
const linesOfStep = 20;
const steps = ['one', 'two'];
const stages = ['first', 'second', 'third'];

export async function soak(options: SoakOptions): Promise<SoakFigures> {
  const { say, seed } = options;
  const startedAt = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'sluice-soak-'));
  const effects = join('/var/tmp', `sluice-soak-effects-${process.pid}`);
  mkdirSync(effects);
  const server = await startServerAlone();
  const fleet = startFleet({
    size: options.workers,
    folder,
    environment: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      REDIS_URL: server.redisUrl,
      DOCKER_HOST: process.env['DOCKER_HOST'] ?? 'unix:///nowhere.sock',
      SLUICE_SERVER_URL: server.url,
      SLUICE_WORKER_TOKEN: server.workerToken,
      SLUICE_WORKER_SLOTS: String(Math.ceil((options.concurrentRuns * 1.5) / options.workers)),
      SLUICE_ALLOW_PROCESS_EXECUTOR: '1',
      SLUICE_STEP_WRITABLE: effects,
      SLUICE_LOG_LEVEL: 'warn',
      SLUICE_DRAIN_MS: '10000',
    },
  });
  try {
    const repository = await server.repository('soak', 'default', true);
    await repository.push({ '.sluice.yml': pipelineText(effects) }, 'soak');
    await eventually('a worker', async () => {
      const { workers } = await server.api.call<{ workers: readonly unknown[] }>('GET', '/api/workers');
      return workers.length === fleet.size ? true : null;
    });
    say(`${fleet.size} workers, ${options.concurrentRuns} runs at the same time, seed ${seed}`);
    const under = new AbortController();
    const killing = killAtRandom({ fleet, api: server.api, folder }, options, under.signal);
    const { ids, most } = await keepRunning(server.api, repository.fullName, options);
    under.abort();
    const kills = await killing;
    say(`${ids.length} runs started, ${kills} kills; looking at every run`);
    const seen = await inspect(server.api, ids, effects);
    await fleet.stop();
    const left = await orphans(folder, fleet.size);
    return {
      ...seen,
      seed,
      workers: fleet.size,
      seconds: Math.round((performance.now() - startedAt) / 1_000),
      kills,
      mostConcurrentRuns: most,
      adoptions: countInLogs(folder, fleet.size, 'took up an attempt'),
      orphans: left.length,
      problems: [...seen.problems, ...left],
    };
  } finally {
    await fleet.stop();
    await server[Symbol.asyncDispose]();
    for (const path of [folder, effects]) rmSync(path, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Each step appends one line to a file of its own, outside of every workspace, and then writes numbered lines. */
function pipelineText(effects: string): string {
  const script = `echo "$SLUICE_STAGE" >>${effects}/$SLUICE_RUN_ID; i=0; while [ $i -lt ${linesOfStep} ]; do i=$((i+1)); echo "line $i"; sleep 0.$(( (i * 7 + SLUICE_RUN_NUMBER) % 5 + 1 )); done`;
  const text = stages.map((stage, at) =>
    [
      `  ${stage}:`,
      ...(at === 0 ? [] : [`    needs: [${stages[at - 1]}]`]),
      '    checkout: false',
      '    steps:',
      ...steps.map((name) => `      - { name: ${name}, run: '${script.replaceAll("'", "''")}' }`),
    ].join('\n'),
  );
  return `name: soak\non: { manual: {} }\nstages:\n${text.join('\n')}\n`;
}

interface Battlefield {
  readonly fleet: WorkerFleet;
  readonly api: ApiClient;
  readonly folder: string;
}

/** Only those that the server has heard since their last start: the others do no work that could be lost. */
async function killAtRandom(field: Battlefield, options: SoakOptions, until: AbortSignal): Promise<number> {
  const { fleet } = field;
  const random = randomFrom(options.seed);
  let kills = 0;
  while (!until.aborted) {
    await sleep(options.killEveryMs * (0.25 + 1.5 * random()), undefined, { signal: until }).catch(() => {});
    const index = Math.floor(random() * fleet.size);
    if (until.aborted || !(await isAtWork(field, index))) continue;
    fleet.kill(index);
    kills += 1;
  }
  return kills;
}

async function isAtWork({ fleet, api, folder }: Battlefield, index: number): Promise<boolean> {
  const startedAt = fleet.startedAt(index);
  const id = readFileSync(join(dataFolder(folder, index), 'worker', 'worker-id'), 'utf8').trim();
  const { workers } = await api.call<{ workers: readonly WorkerView[] }>('GET', '/api/workers');
  const seenAt = workers.find((worker) => worker.id === id)?.lastSeenAt ?? 0;
  return startedAt !== null && seenAt > startedAt;
}

async function keepRunning(
  api: ApiClient,
  repository: string,
  { concurrentRuns, forMs, mostRuns, say }: SoakOptions,
): Promise<{ readonly ids: readonly string[]; readonly most: number }> {
  const ids: string[] = [];
  const open = new Set<string>();
  const until = performance.now() + forMs;
  let most = 0;
  let saidAt = 0;
  for (;;) {
    const mayStart = performance.now() < until && ids.length < (mostRuns ?? Infinity);
    if (!mayStart && open.size === 0) return { ids, most };
    if (performance.now() > until + patienceMs) {
      say(`gave up on ${open.size} runs that did not end: ${[...open].slice(0, 10).join(', ')}`);
      return { ids, most };
    }
    for (let room = Math.min(20, concurrentRuns - open.size); mayStart && room > 0; room -= 1) {
      if (ids.length >= (mostRuns ?? Infinity)) break;
      const { runId: id } = await api.call<{ runId: string }>('POST', '/api/runs', {
        repository,
        branch: 'main',
      });
      ids.push(id);
      open.add(id);
    }
    most = Math.max(most, open.size);
    for (const id of open) {
      const run = await api.call<RunView>('GET', `/api/runs/${id}`);
      if (run.finishedAt !== null) open.delete(id);
      await sleep(10);
    }
    if (performance.now() - saidAt > 30_000) {
      say(`${ids.length} runs started, ${open.size} under way`);
      saidAt = performance.now();
    }
    await sleep(200);
  }
}

type Seen = Omit<
  SoakFigures,
  'seed' | 'workers' | 'seconds' | 'kills' | 'mostConcurrentRuns' | 'adoptions' | 'orphans'
>;

async function inspect(api: ApiClient, ids: readonly string[], effects: string): Promise<Seen> {
  const problems: string[] = [];
  const count = { right: 0, attempts: 0, effectsNotOnce: 0, lines: 0, lost: 0, repeated: 0, unproven: 0 };
  for (const id of ids) {
    const run = await api.call<RunView>('GET', `/api/runs/${id}`);
    const before = problems.length;
    if (run.status !== 'succeeded') problems.push(`run ${id} ended as ${run.status}: ${failuresOf(run)}`);
    if (run.attempts.length !== stages.length)
      problems.push(`run ${id} took ${run.attempts.length} attempts`);
    const done = readEffects(join(effects, id));
    for (const stage of stages) {
      const times = done.filter((name) => name === stage).length;
      if (times === steps.length) continue;
      count.effectsNotOnce += Math.abs(steps.length - times);
      problems.push(`run ${id}: the steps of ${stage} had their effect ${times} times, not ${steps.length}`);
    }
    for (const attempt of run.attempts) {
      const { lines, complete, digest } = await readLog(api, attempt.id);
      const wanted = steps.flatMap(() => Array.from({ length: linesOfStep }, (_, at) => `line ${at + 1}`));
      const output = lines.filter(({ stream }) => stream !== 's').map(({ text }) => text);
      count.attempts += 1;
      count.lines += output.length;
      count.lost += Math.max(0, wanted.length - output.length);
      count.repeated += Math.max(0, output.length - wanted.length);
      if (output.join('\n') !== wanted.join('\n'))
        problems.push(`run ${id}: ${attempt.stage} logged other lines`);
      const isProven = complete && attempt.log?.verified === true && attempt.log.digest === digest;
      if (!isProven) {
        count.unproven += 1;
        problems.push(`run ${id}: the log of ${attempt.stage} is not proven`);
      }
    }
    if (problems.length === before) count.right += 1;
  }
  return {
    runs: ids.length,
    runsEndedRight: count.right,
    stages: count.attempts,
    steps: count.attempts * steps.length,
    effectsNotOnce: count.effectsNotOnce,
    lines: count.lines,
    linesLost: count.lost,
    linesRepeated: count.repeated,
    logsUnproven: count.unproven,
    problems,
  };
}

function failuresOf(run: RunView): string {
  const ended = Object.values(run.state?.stages ?? {});
  return ended.flatMap((stage) => ('failure' in stage ? [JSON.stringify(stage.failure)] : [])).join('; ');
}

function readEffects(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}

/** `digest` is our own, over what the server shows. */
async function readLog(
  api: ApiClient,
  attemptId: string,
): Promise<{ readonly lines: LogPage['lines']; readonly complete: boolean; readonly digest: string }> {
  const page = await api.call<LogPage>('GET', `/api/attempts/${attemptId}/log?from=0&limit=1000`);
  const digest = createHash('sha256');
  for (const { text } of page.lines) digest.update(`${text}\n`);
  return { lines: page.lines, complete: page.complete, digest: digest.digest('hex') };
}

/** Processes, folders, spools, control groups and containers that should not be there any more. */
async function orphans(folder: string, size: number): Promise<readonly string[]> {
  const found: string[] = [];
  const pids = await processesIn(folder);
  if (pids.length > 0) found.push(`processes ${pids.join(', ')} of steps still run`);
  for (let index = 0; index < size; index += 1) {
    const own = join(dataFolder(folder, index), 'worker');
    const workerId = readFileSync(join(own, 'worker-id'), 'utf8').trim();
    for (const place of ['attempts', 'spools'])
      for (const name of readdirSync(join(own, place))) found.push(`${workerId} left ${place}/${name}`);
    for (const group of groupsOf(workerId)) found.push(`the control group ${group} is left`);
    for (const container of containersOf(workerId)) found.push(`the container ${container} is left`);
  }
  return found;
}

function groupsOf(workerId: string): readonly string[] {
  try {
    return readdirSync('/sys/fs/cgroup/pids').filter((name) => name.includes(workerId));
  } catch {
    return [];
  }
}

function containersOf(workerId: string): readonly string[] {
  if (process.env['DOCKER_HOST'] === undefined) return [];
  const filter = `label=sluice.worker=${workerId}`;
  const ids = execFileSync('docker', ['ps', '--all', '--quiet', '--filter', filter], { encoding: 'utf8' });
  return ids.split('\n').filter(Boolean);
}

function countInLogs(folder: string, size: number, words: string): number {
  let count = 0;
  for (let index = 0; index < size; index += 1) {
    count += readFileSync(join(dataFolder(folder, index), 'worker.log'), 'utf8').split(words).length - 1;
  }
  return count;
}
