// Lists, filters and searches on a million runs, against the same on a thousand. The runs are made by SQL from one
// that the engine really ran, in a database that is thrown away.
import { createHash } from 'node:crypto';
import { startInstantWorker } from './instant-worker.ts';
import { endedRun } from '../rig/sluice.ts';
import { databaseOf, type DatabaseFigures } from './database-figures.ts';
import type { Figure } from './figure.ts';
import { startServerAlone, type ServerAlone } from './server-alone.ts';
import { signedPush } from './signed-push.ts';

const few = 1_000;
const many = 1_000_000;
const batch = 50_000;
const rounds = 30;
const warmUp = 3;

const stage = (name: string, needs: string): string =>
  `  ${name}: { needs: [${needs}], image: 'node:20', steps: ['npm ci', 'npm run ${name}'] }`;
const pipeline = `name: shop\non: { push: {} }\nstages:\n${['lint', 'test', 'build'].map((name) => stage(name, '')).join('\n')}\n${stage('package', 'lint, test, build')}\n`;

/** What a page asks, by name; `at` turns from round to round, so that no answer is only remembered. */
const questions = {
  'the newest 50': () => '',
  'the next page': (at: number, count: number) => `before=${Math.floor(count / 2) - at * 50}`,
  'status failed': () => 'status=failed',
  'a branch': (at: number) => `branch=topic-${at % 900}`,
  'a pipeline, next page': (at: number, count: number) =>
    `pipeline=service-${at % 20}&before=${Math.floor(count / 2)}`,
  'a branch that is failed': (at: number) => `branch=topic-${at % 900}&status=failed`,
  'search for a rare word': (at: number) => `search=ticket${at * 7}`,
  'search for a common word': () => 'search=fix',
  'search for a commit': (at: number) => `search=${sha(at * 3 + 2).slice(0, 9)}`,
} satisfies Record<string, (at: number, count: number) => string>;

export async function history(say: (line: string) => void): Promise<readonly Figure[]> {
  await using server = await startServerAlone();
  await using database = databaseOf(server.databaseUrl);
  await runOnce(server);
  const bytesBefore = await sizeOf(database);
  await fill(database, 2, few);
  const limits = await askAll(server, few);
  const filledAt = performance.now();
  for (let from = few + 1; from <= many; from += batch)
    await fill(database, from, Math.min(many, from + batch - 1));
  const seconds = (performance.now() - filledAt) / 1_000;
  const bytes = (await sizeOf(database)) - bytesBefore;
  say(`${many} runs made in ${seconds.toFixed(0)} s: ${(bytes / 1e9).toFixed(1)} GB`);
  await database.query('vacuum analyze runs');
  const ours = await askAll(server, many);
  return Object.keys(questions).map((name): Figure => {
    const figure: Figure = {
      name: `${many} runs in history: ${name}`,
      limit: `the same with ${few} runs`,
      unit: 'ms',
      ours: ours.get(name) ?? [],
      limits: limits.get(name) ?? [],
      goal: { kind: 'shown' },
      note: `${rounds} requests of GET /api/runs, each with other values where it has any, in turn with the other questions; the history takes ${(bytes / 1e9).toFixed(1)} GB.`,
    };
    return figure;
  });
}

/** The run that all others are copies of. */
async function runOnce(server: ServerAlone): Promise<void> {
  const repository = await server.repository('shop');
  const worker = startInstantWorker(server, { slots: 4 });
  const commit = repository.commit({ '.sluice.yml': pipeline }, 'the first');
  await signedPush(server.url, repository, commit).post();
  await endedRun(server.api, commit);
  await worker.close();
}

/** Runs of these numbers: 60 % on main, others on 5,000 branches, 20 pipelines, nine of ten succeeded. */
async function fill(database: DatabaseFigures, from: number, to: number): Promise<void> {
  await database.query('set synchronous_commit = off');
  await database.query(
    `insert into runs (id, project, repository_id, repository, pipeline, event, ref, commit_sha, commit_message,
       commit_author, actor, trigger, plan, state, diagnostics, status, revision, last_event, created_at, updated_at, finished_at)
     select gen_random_uuid(), project, repository_id, repository, 'service-' || n % 20, event,
       case when n % 10 < 6 then 'main' else 'topic-' || n % 5000 end, md5(n::text) || substr(md5((-n)::text), 1, 8),
       (array['Fix', 'Add', 'Remove', 'Speed up', 'Rename'])[1 + n % 5] || ' the ' ||
         (array['checkout', 'basket', 'search page', 'login', 'payment', 'mail', 'report'])[1 + n % 7] || ' of ticket' || n,
       'dev' || n % 300, 'dev' || n % 300, trigger, plan, state, diagnostics,
       case when n % 10 > 0 then 'succeeded' when n % 30 > 0 then 'failed' else 'cancelled' end,
       revision, last_event, created_at + n, updated_at + n, finished_at + n
     from (select * from runs where number = 1) as one, generate_series($1::int, $2::int) as n`,
    [from, to],
  );
}

const sha = (n: number): string => createHash('md5').update(String(n)).digest('hex');

async function sizeOf(database: DatabaseFigures): Promise<number> {
  const [row] = await database.query('select pg_database_size(current_database()) as bytes');
  return Number(row?.['bytes']);
}

/** Milliseconds of each answer, by question. */
async function askAll(server: ServerAlone, count: number): Promise<ReadonlyMap<string, readonly number[]>> {
  const times = new Map<string, number[]>();
  for (let round = -warmUp; round < rounds; round += 1) {
    for (const [name, query] of Object.entries(questions)) {
      const path = `/api/runs?limit=50&${query(Math.abs(round), count)}`;
      const startedAt = performance.now();
      await server.api.call('GET', path);
      const took = performance.now() - startedAt;
      if (round >= 0) times.set(name, [...(times.get(name) ?? []), took]);
    }
  }
  return times;
}
