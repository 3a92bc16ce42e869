// Many workers, killed and started again at random under many concurrent runs on the process executor. Runs come in
// waves: a wave's steps wait at a gate until all of its runs are under way at the same time. At the end every run has
// ended right, each step has had its effect exactly once, no line was lost or repeated, and nothing is left on the host.
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
import { closeGate, type Gate } from './gate.ts';
import { randomFrom } from '@sluice/pipelines/random.fixture';
import { dataFolder, startFleet, type WorkerFleet } from './worker-fleet.ts';

export interface SoakOptions {
  readonly workers: number;
  /** Runs of a wave, all of them with a step under way at the same time. */
  readonly concurrentRuns: number;
  /** New waves begin for so long; then the last one is waited for, and workers are killed until it has ended. */
  readonly forMs: number;
  /** No gate opens before so many kills. */
  readonly fewestKills: number;
  readonly mostKills: number;
  /** Between two kills, on average. */
  readonly killEveryMs: number;
  readonly seed: number;
  readonly say: (line: string) => void;
}

export interface SoakFigures {
  readonly seed: number;
  readonly workers: number;
  /** From the first run's start to the last one's end; in all of it workers were killed. */
  readonly seconds: number;
  readonly kills: number;
  readonly runs: number;
  readonly runsEndedRight: number;
  /** Runs of which a step was running at the same moment. */
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

/** What has not ended so long after its gate was opened counts as lost. */
const patienceMs = 600_000;
const linesOfStep = 20;
const steps = ['one', 'two'];
const stages = ['first', 'second', 'third'];

export async function soak(options: SoakOptions): Promise<SoakFigures> {
  const { say, seed } = options;
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
    const startedAt = performance.now();
    const killer = killAtRandom({ fleet, api: server.api, folder }, options, under.signal);
    const { ids, most } = await runInWaves(
      patiently(server.api),
      repository.fullName,
      effects,
      killer.kills,
      options,
    );
    under.abort();
    await killer.ended;
    const kills = killer.kills();
    const seconds = Math.round((performance.now() - startedAt) / 1_000);
    say(`${ids.length} runs started, ${kills} kills; looking at every run`);
    const seen = await inspect(patiently(server.api), ids, effects);
    await fleet.stop();
    const left = await orphans(folder, fleet.size);
    return {
      ...seen,
      seed,
      workers: fleet.size,
      seconds,
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

/**
 * Each step appends one line to a file of its own, outside of every workspace, and then writes numbered lines with
 * pauses; in the middle of its first step a run waits at the gate.
 */
function pipelineText(effects: string): string {
  const wait = `if [ $i -eq ${linesOfStep / 2} ] && [ $SLUICE_STAGE = ${stages[0]} ] && [ ! -e passed ]; then : >passed; : >${effects}/arrived/$SLUICE_RUN_ID; : <${effects}/gate; fi`;
  const pause = `if [ $(( (i + SLUICE_RUN_NUMBER) % 5 )) -eq 0 ]; then sleep 0.$(( (i * 7 + SLUICE_RUN_NUMBER) % 9 + 1 )); fi`;
  const script = `echo "$SLUICE_STAGE" >>${effects}/$SLUICE_RUN_ID; i=0; while [ $i -lt ${linesOfStep} ]; do i=$((i+1)); echo "line $i"; ${wait}; ${pause}; done`;
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

/** A busy server may be slow to answer; a run that is started twice is one run more. */
const patiently = (api: ApiClient): ApiClient => ({
  ...api,
  call: async <T>(method: Parameters<ApiClient['call']>[0], path: string, body?: unknown): Promise<T> => {
    const ask = async () => ({ answer: await api.call<T>(method, path, body) });
    return (await eventually(`${method} ${path}`, ask)).answer;
  },
});

interface Battlefield {
  readonly fleet: WorkerFleet;
  readonly api: ApiClient;
  readonly folder: string;
}

interface Killer {
  readonly kills: () => number;
  /** Resolves after `until` has aborted. */
  readonly ended: Promise<void>;
}

/** Only those that the server has heard since their last start: the others do no work that could be lost. */
function killAtRandom(field: Battlefield, options: SoakOptions, until: AbortSignal): Killer {
  const { fleet } = field;
  const random = randomFrom(options.seed);
  let kills = 0;
  const kill = async (): Promise<void> => {
    while (!until.aborted && kills < options.mostKills) {
      const pauseMs = options.killEveryMs * (0.25 + 1.5 * random());
      await sleep(pauseMs, undefined, { signal: until }).catch(() => undefined);
      const index = Math.floor(random() * fleet.size);
      if (until.aborted || !(await isAtWork(field, index))) continue;
      fleet.kill(index);
      kills += 1;
    }
  };
  return { kills: () => kills, ended: kill() };
}

async function isAtWork({ fleet, api, folder }: Battlefield, index: number): Promise<boolean> {
  const startedAt = fleet.startedAt(index);
  const id = readFileSync(join(dataFolder(folder, index), 'worker', 'worker-id'), 'utf8').trim();
  const { workers } = await patiently(api).call<{ workers: readonly WorkerView[] }>('GET', '/api/workers');
  const seenAt = workers.find((worker) => worker.id === id)?.lastSeenAt ?? 0;
  return startedAt !== null && seenAt > startedAt;
}

async function runInWaves(
  api: ApiClient,
  repository: string,
  effects: string,
  kills: () => number,
  options: SoakOptions,
): Promise<{ readonly ids: readonly string[]; readonly most: number }> {
  const ids: string[] = [];
  const until = performance.now() + options.forMs;
  let most = 0;
  do {
    using gate = closeGate(effects);
    const wave = await startWave(api, repository, options.concurrentRuns);
    ids.push(...wave);
    const arrived = await untilArrived(gate, wave.length, () => kills() >= options.fewestKills, options.say);
    most = Math.max(most, arrived);
    options.say(`${arrived} runs under way at the same time, ${kills()} kills so far`);
    gate.open();
    const open = await untilEnded(api, wave, options.say);
    if (open.length > 0) {
      options.say(`gave up on ${open.length} runs that did not end: ${open.slice(0, 10).join(', ')}`);
      break;
    }
  } while (performance.now() < until);
  return { ids, most };
}

async function startWave(api: ApiClient, repository: string, size: number): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let at = 0; at < size; at += 1) {
    const wanted = { repository, branch: 'main' };
    ids.push((await api.call<{ runId: string }>('POST', '/api/runs', wanted)).runId);
  }
  return ids;
}

/** Gives how many have arrived when all have and `mayOpen` says so, or when no more are waited for. */
async function untilArrived(
  gate: Gate,
  size: number,
  mayOpen: () => boolean,
  say: SoakOptions['say'],
): Promise<number> {
  for (const deadline = performance.now() + patienceMs; performance.now() < deadline; await sleep(250)) {
    if (gate.arrived() >= size && mayOpen()) break;
    saySometimes(say, () => `${gate.arrived()} of ${size} runs at the gate`);
  }
  return gate.arrived();
}

/** Gives those that have not ended when no more are waited for. */
async function untilEnded(
  api: ApiClient,
  wave: readonly string[],
  say: SoakOptions['say'],
): Promise<readonly string[]> {
  const open = new Set(wave);
  const deadline = performance.now() + patienceMs;
  while (open.size > 0 && performance.now() < deadline) {
    for (const id of open) {
      const run = await api.call<RunView>('GET', `/api/runs/${id}`);
      if (run.finishedAt !== null) open.delete(id);
      await sleep(50);
    }
    saySometimes(say, () => `${open.size} of ${wave.length} runs have not ended`);
    await sleep(500);
  }
  return [...open];
}

let saidAt = 0;
function saySometimes(say: SoakOptions['say'], line: () => string): void {
  if (performance.now() - saidAt < 20_000) return;
  saidAt = performance.now();
  say(line());
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
