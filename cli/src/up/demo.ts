// The first start takes the demo application from a push to a promoted canary, and a bad version back again.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RolloutView, RunSummary, RunView } from '@sluice/pipelines/protocol/api';
import { freePort } from '@sluice/server/embedded/free-port';
import { renderPipeline } from '../../../examples/hello/render-pipeline.ts';
import type { ApiClient } from '../api-client.ts';
import { openDemoRepository, type DemoRepository } from './demo-repository.ts';
import { startLoad, type LoadCounts } from './load.ts';
import type { Say } from './say.ts';

export interface DemoParts {
  readonly api: ApiClient;
  readonly dataDir: string;
  readonly registry: string;
  readonly baseImage: string;
  readonly say: Say;
  readonly signal: AbortSignal;
}

const requestsPerSecond = 150;
const runMs = 10 * 60_000;

/** Where the demo's repositories are: the server may clone from there. */
export const demoFolder = (dataDir: string): string => join(dataDir, 'demo');

export async function runDemo(parts: DemoParts): Promise<void> {
  const { api, dataDir, say, signal } = parts;
  const folder = demoFolder(dataDir);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const repository = openDemoRepository(folder, { url: api.url, secretFile: join(folder, 'hook-secret') });
  const address = await setUp(parts, folder);
  if (existsSync(join(folder, 'done'))) {
    await bringBack(api, say);
    say(`demo: hello answers at ${address} (SLUICE_DEMO=off skips the demo)`);
    return;
  }
  say('demo: first release of examples/hello: push → test → build → scan → push → deploy');
  const first = await release(parts, repository, pipelineFiles(parts), 'hello, world');
  if (first.run.status !== 'succeeded')
    throw new Error(`demo: the first release ${first.run.status}: ${describe(api, first.run)}`);
  say(`demo: released ${first.version} in ${seconds(first.ms)}; it answers at ${address}`);

  const load = startLoad(address, requestsPerSecond);
  try {
    say(`demo: ${requestsPerSecond} requests a second from now on; a second version goes out as a canary`);
    const before = load.counts();
    const good = await release(parts, repository, friendlierGreeting(), 'a friendlier greeting');
    if (good.run.status !== 'succeeded')
      throw new Error(`demo: the canary was not promoted: ${describe(api, good.run)}`);
    say(`demo: promoted ${good.version} in ${seconds(good.ms)} (${served(before, load.counts())})`);

    say('demo: a third version answers 5 % of its requests with an error');
    const middle = load.counts();
    const bad = await release(
      parts,
      repository,
      { 'error-rate.txt': '0.05\n' },
      'a refactoring that surely breaks nothing',
    );
    const reason = await rollbackReason(api, bad.run);
    if (reason === null)
      throw new Error(`demo: the bad version was not rolled back: ${describe(api, bad.run)}`);
    say(
      `demo: rolled back ${bad.version} in ${seconds(bad.ms)} (${served(middle, load.counts())}): ${reason}`,
    );
  } finally {
    load.stop();
  }
  if (!signal.aborted) writeFileSync(join(folder, 'done'), '');
}

/** Tells the server of the demo's environment and repository; gives the service's address. */
async function setUp({ api }: DemoParts, folder: string): Promise<string> {
  const listenPort = Number(await kept(join(folder, 'service-port'), async () => String(await freePort())));
  const hookSecret = await kept(join(folder, 'hook-secret'), async () =>
    randomBytes(24).toString('base64url'),
  );
  const target = { kind: 'docker', service: 'hello', listenHost: '127.0.0.1', listenPort };
  await api.call('PUT', '/api/environments/production', target);
  await api.call('PUT', '/api/repositories', {
    fullName: 'demo/hello',
    provider: 'generic',
    cloneUrl: `file://${join(folder, 'hello.git')}`,
    hookSecret,
  });
  return `http://127.0.0.1:${listenPort}/`;
}

async function kept(file: string, make: () => Promise<string>): Promise<string> {
  if (!existsSync(file)) writeFileSync(file, await make(), { mode: 0o600 });
  return readFileSync(file, 'utf8').trim();
}

function pipelineFiles({ registry, baseImage }: DemoParts): Readonly<Record<string, string>> {
  const template = readFileSync(new URL('../../../examples/hello/.sluice.yml', import.meta.url), 'utf8');
  return { '.sluice.yml': renderPipeline(template, { registry, baseImage }) };
}

function friendlierGreeting(): Readonly<Record<string, string>> {
  const text = readFileSync(new URL('../../../examples/hello/greeting.mjs', import.meta.url), 'utf8');
  return { 'greeting.mjs': text.replace('<h1>Hello!</h1>', '<h1>Hello, and welcome!</h1>') };
}

interface Release {
  readonly run: RunView;
  readonly version: string;
  readonly ms: number;
}

async function release(
  { api, signal }: DemoParts,
  repository: DemoRepository,
  files: Readonly<Record<string, string>>,
  message: string,
): Promise<Release> {
  const startedAt = Date.now();
  const commit = repository.push(files, message);
  for (const deadline = startedAt + runMs; Date.now() < deadline; await sleep(500, undefined, { signal })) {
    const { runs } = await api.call<{ runs: readonly RunSummary[] }>('GET', '/api/runs?limit=5');
    const found = runs.find((run) => run.commit.sha === commit);
    if (found === undefined || found.finishedAt === null) continue;
    const run = await api.call<RunView>('GET', `/api/runs/${found.id}`);
    return { run, version: `r${run.number}-${commit.slice(0, 7)}`, ms: Date.now() - startedAt };
  }
  throw new Error(
    `demo: the run of ${commit.slice(0, 7)} did not end in ${runMs / 60_000} minutes; look at ${api.url}/`,
  );
}

async function rollbackReason(api: ApiClient, run: RunView): Promise<string | null> {
  for (const { id } of run.rollouts) {
    const { rollout } = await api.call<RolloutView>('GET', `/api/rollouts/${id}`);
    if (rollout.phase.name === 'rolled-back') return rollout.phase.reason;
  }
  return null;
}

/** After a stop nothing of the service was left: its present release is deployed again. */
async function bringBack(api: ApiClient, say: Say): Promise<void> {
  say('demo: bringing hello back');
  await api.call('POST', '/api/environments/production/rollback', {
    releaseId: null,
    reason: 'the engine was stopped and started again',
  });
}

function describe(api: ApiClient, run: RunView): string {
  const failed = Object.entries(run.state?.stages ?? {}).find(([, stage]) => stage.status === 'failed');
  const broken = run.diagnostics[0];
  const why =
    failed !== undefined && failed[1].status === 'failed'
      ? `stage ${failed[0]}: ${failed[1].failure.message}`
      : (broken?.message ?? 'see the page');
  return `${why} (${api.url}/runs/${run.id})`;
}

function served(before: LoadCounts, after: LoadCounts): string {
  const requests = after.requests - before.requests;
  const failed = after.failed - before.failed;
  const rate = requests === 0 ? '–' : `${(((requests - failed) / requests) * 100).toFixed(3)} %`;
  return `${requests} requests meanwhile, success rate ${rate}`;
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
