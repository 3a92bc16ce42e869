// Servers and workers that are stopped, frozen and replaced in the middle of their work. The tests run at the same time
// on one fleet, each with workers and a pool of its own.
import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LogPage, NumberedLine, RunView } from '@sluice/pipelines/protocol/api';
import { processesIn } from '@sluice/worker/executors/process/kill-leftovers';
import { startFleet, type Fleet, type FleetMember } from '../rig/fleet.ts';
import { followLog, type LogFollower } from '../rig/live.ts';
import type { TestRepository } from '../rig/repository.ts';
import { endedRun, eventually, runOf } from '../rig/sluice.ts';

const image = process.env['TEST_IMAGE'] ?? 'lab/busybox:1';
const endsWell = { code: 0, signal: null };
const patient = { SLUICE_DRAIN_MS: '600000' };
const hasty = { SLUICE_DRAIN_MS: '300' };
let fleet: Fleet;
let repository: TestRepository;

beforeAll(async () => {
  fleet = await startFleet({ servers: 2 });
  repository = await fleet.repository('restarts');
});
afterAll(async () => {
  await fleet[Symbol.asyncDispose]();
});

describe.concurrent('in the middle of stages', () => {
  test('a worker that is asked to stop finishes what it has and takes no new stage', async () => {
    const worker = fleet.worker('finishing', 'finishing');
    await worker.start(patient);
    const first = await push(onHost('finishing', untilOpen('finishing')));
    await untilSays(first, 'host', 'line 2');
    worker.signal('SIGTERM');
    await worker.says('taking no more work');
    const second = await push(onHost('finishing', 'echo "0 lines, began 1"'));
    await runOf(fleet.api, second);
    open('finishing');
    expect(await worker.ended()).toEqual(endsWell);
    await expectWhole(first, [worker]);
    expect((await seeRun(second)).state?.stages['host']).toMatchObject({ status: 'queued' });
    await worker.start();
    await expectWhole(second, [worker]);
  });

  test('a worker that is asked to stop twice leaves its stages to its next process, line by line', async () => {
    const worker = fleet.worker('leaving', 'leaving');
    await worker.start(patient);
    const commit = await push(
      onHost('leaving', untilOpen('leaving')),
      inContainer('leaving', untilOpen('/tmp/gate')),
    );
    await untilSays(commit, 'host', 'line 2');
    await untilSays(commit, 'box', 'line 2');
    worker.signal('SIGTERM');
    await worker.says('taking no more work');
    worker.signal('SIGTERM');
    expect(await worker.ended()).toEqual(endsWell);
    await worker.says('leaving what still runs to the next process of this worker');
    const seen = await Promise.all(['host', 'box'].map((stage) => linesOf(commit, stage)));
    await worker.start();
    await untilSays(commit, 'host', `line ${seen[0]?.length}`);
    await untilSays(commit, 'box', `line ${seen[1]?.length}`);
    open('leaving');
    for (const container of containersOf((await runOf(fleet.api, commit)).id))
      execFileSync('docker', ['exec', container, 'touch', '/tmp/gate']);
    await expectWhole(commit, [worker]);
  });

  test('a worker that is frozen beyond its lease loses its stages to another, and disturbs nothing when it thaws', async () => {
    const [frozen, other] = [fleet.worker('frozen', 'frozen'), fleet.worker('other', 'frozen')];
    await frozen.start();
    const once = (script: string): string =>
      `if [ "$SLUICE_ATTEMPT" = 1 ]; then ${script}; else echo "0 lines, began 1"; fi`;
    const commit = await push(
      onHost('frozen', once(untilOpen('never')), retryIfLost),
      inContainer('frozen', once(untilOpen('/tmp/never')), retryIfLost),
    );
    await untilSays(commit, 'host', 'line 2');
    await untilSays(commit, 'box', 'line 2');
    await other.start();
    frozen.signal('SIGSTOP');
    const run = await endedRun(fleet.api, commit);
    expect(run.status).toBe('succeeded');
    expect(run.attempts.map(({ stage, attempt }) => `${stage} ${attempt}`).toSorted()).toEqual([
      'box 1',
      'box 2',
      'host 1',
      'host 2',
    ]);
    const logs = () => Promise.all(run.attempts.map(({ id }) => readLog(id)));
    const before = await logs();
    frozen.signal('SIGCONT');
    await eventually('a clean host', async () =>
      (await leftOf(run.id, [frozen, other])).length === 0 ? true : null,
    );
    expect(await logs()).toEqual(before);
    expect(await seeRun(commit)).toMatchObject({ status: 'succeeded', attempts: { length: 4 } });
    for (const worker of [frozen, other]) await stop(worker);
  });

  test('servers and workers are replaced one after the other under runs that are followed, and nobody notices', async () => {
    const workers = ['one', 'two', 'three'].map((name) => fleet.worker(name, 'rolling'));
    await Promise.all(workers.map((worker) => worker.start(hasty)));
    const until = AbortSignal.timeout(280_000);
    const commits: string[] = [];
    const followers: LogFollower[] = [];
    for (const member of [...fleet.servers, ...workers]) {
      const commit = await push(onHost('rolling', untilOpen('rolling')));
      const attempt = await eventually('an attempt', async () => (await seeRun(commit)).attempts[0]);
      const follower = followLog(fleet.api, attempt.id, until);
      await eventually('its first line', () => follower.lines.find(({ text }) => text === 'line 0'));
      commits.push(commit);
      followers.push(follower);
      await stop(member);
      await member.start(hasty);
    }
    open('rolling');
    for (const commit of commits) await expectWhole(commit, workers);
    for (const { lines, isVerified } of followers) {
      expect(await isVerified).toBe(true);
      expect(lines.map(({ n }) => n)).toEqual(lines.map((_, at) => at));
      expectCounted(lines);
    }
    // Both of the servers that it may have been connected to have gone.
    expect(followers[0]?.connections()).toBeGreaterThan(1);
    for (const worker of workers) await stop(worker);
  });
});

const retryIfLost = 'retry: { attempts: 2, delay: 1s, on: [worker-lost] }';

/**
 * Prints numbered lines until there is the file `gate`, an absolute path or a gate of the fleet; then how many there
 * were and how often it was begun. It ends by itself, in case that the test does not.
 */
function untilOpen(gate: string): string {
  const file = gate.startsWith('/') ? gate : gateOf(gate);
  return `echo began >>began; i=0; while [ ! -e ${file} ] && [ $i -lt 3000 ]; do echo "line $i"; i=$((i+1)); sleep 0.2; done; echo "$i lines, began $(wc -l <began)"`;
}

const gateOf = (name: string): string => join(fleet.folder, `gate-${name}`);

const open = (name: string): void => writeFileSync(gateOf(name), '');

const onHost = (pool: string, script: string, more = 'timeout: 10m'): string =>
  stage('host', pool, script, more);

const inContainer = (pool: string, script: string, more = 'timeout: 10m'): string =>
  stage('box', pool, script, `image: ${image}\n    ${more}`);

const stage = (name: string, pool: string, script: string, more: string): string =>
  `  ${name}:\n    pool: ${pool}\n    ${more}\n    checkout: false\n    steps:\n      - { name: only, run: '${script.replaceAll("'", "''")}' }\n`;

let pushes = 0;
/** As a forge does: what is not answered with 2xx is sent again. */
async function push(...stages: readonly string[]): Promise<string> {
  pushes += 1;
  const text = `name: restarts\non: { push: {} }\nstages:\n${stages.join('')}`;
  const commit = repository.commit({ '.sluice.yml': text }, `change ${pushes}`);
  await eventually('an answer to the delivery', async () => {
    await repository.announce(commit);
    return true;
  });
  return commit;
}

async function stop(member: FleetMember): Promise<void> {
  member.signal('SIGTERM');
  expect(await member.ended()).toEqual(endsWell);
}

/** Asks again where a server went away in the middle of its answer. */
const ask = <T>(path: string): Promise<T> =>
  eventually(path, async () => fleet.api.call<T & object>('GET', path));

const seeRun = async (commit: string): Promise<RunView> =>
  ask<RunView>(`/api/runs/${(await runOf(fleet.api, commit)).id}`);

async function readLog(attemptId: string): Promise<readonly NumberedLine[]> {
  const lines: NumberedLine[] = [];
  for (;;) {
    const page = await ask<LogPage>(`/api/attempts/${attemptId}/log?from=${lines.length}&limit=1000`);
    lines.push(...page.lines);
    if (page.lines.length === 0 || lines.length >= page.total) return lines;
  }
}

const saidBySteps = (lines: readonly NumberedLine[]): readonly string[] =>
  lines.filter(({ stream }) => stream !== 's').map(({ text }) => text);

async function linesOf(commit: string, name: string): Promise<readonly string[]> {
  const attempt = (await seeRun(commit)).attempts.find((each) => each.stage === name);
  return attempt === undefined ? [] : saidBySteps(await readLog(attempt.id));
}

async function untilSays(commit: string, name: string, line: string): Promise<void> {
  await eventually(`"${line}" of ${name}`, async () =>
    (await linesOf(commit, name)).includes(line) ? true : null,
  );
}

/** One attempt a stage, begun once, every line exactly once, and nothing left on the hosts of `workers`. */
async function expectWhole(commit: string, workers: readonly FleetMember[]): Promise<void> {
  const run = await endedRun(fleet.api, commit);
  expect(run.status).toBe('succeeded');
  expect(run.attempts.map(({ attempt }) => attempt)).toEqual(run.attempts.map(() => 1));
  for (const { id, log } of run.attempts) {
    expect(log).toMatchObject({ verified: true });
    expectCounted(await readLog(id));
  }
  await eventually('a clean host', async () => ((await leftOf(run.id, workers)).length === 0 ? true : null));
}

function expectCounted(lines: readonly NumberedLine[]): void {
  const said = saidBySteps(lines);
  const numbered = said.slice(0, -1).map((_, at) => `line ${at}`);
  expect(said).toEqual([...numbered, `${numbered.length} lines, began 1`]);
}

/** What there still is of a run on the engine, and of any attempt on the hosts of `workers`. */
async function leftOf(runId: string, workers: readonly FleetMember[]): Promise<readonly string[]> {
  const left: string[] = [...containersOf(runId)];
  for (const { folder } of workers) {
    for (const name of ['attempts', 'spools']) {
      const place = join(folder, 'worker', name);
      left.push(...readdirSync(place).map((entry) => `${name}/${entry}`));
    }
    const pids = await processesIn(join(folder, 'worker', 'attempts'));
    left.push(...pids.map((pid) => `process ${pid}`));
  }
  return left;
}

function containersOf(runId: string): readonly string[] {
  const filter = `label=sluice.run=${runId}`;
  return execFileSync('docker', ['ps', '--all', '--quiet', '--filter', filter], { encoding: 'utf8' })
    .split('\n')
    .filter(Boolean);
}
