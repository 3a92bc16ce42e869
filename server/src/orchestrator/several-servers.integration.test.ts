import { aPlan } from '@sluice/pipelines/plan/a-plan';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ServerContext } from '../context.ts';
import { ingestRecords } from '../ingest/ingest-records.ts';
import { listAttempts } from '../store/attempt-store.ts';
import { findRun } from '../store/run-store.ts';
import { claimAttempt } from './claim-attempt.ts';
import { openNews } from './news.ts';
import { requestCancel } from './request-cancel.ts';
import { startOrchestrator } from './start-orchestrator.ts';
import { openTestCore, redisUrl, type TestCore } from './test-core.ts';

const nothing = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

describe.skipIf(redisUrl === undefined)('servers that share a database (needs REDIS_URL)', () => {
  let core: TestCore;
  beforeAll(async () => {
    core = await openTestCore();
  });
  afterAll(() => core.close());

  const jobKeys = (runId: string) => core.context.redis.keys(`${core.context.queuePrefix}:*${runId}*`);

  test('a run that starts while Redis is away is stored, and dispatched by whoever reaches Redis', async () => {
    const cutOff = withoutRedis(core.context);
    const blind = startOrchestrator(cutOff.context);
    const runId = await core.start(aPlan().stage('test').done(), { on: cutOff.context });
    expect((await findRun(core.context.db, runId))?.status).toBe('running');
    expect(await jobKeys(runId)).toEqual([]);
    const seeing = startOrchestrator(core.context);
    await expect.poll(() => jobKeys(runId)).not.toEqual([]);
    await Promise.all([blind.close(), seeing.close()]);
    await cutOff.close();
  });

  test('a timer fires once, though several servers wait for it', async () => {
    const servers = [core.context, core.anotherServer(), core.anotherServer()].map(startOrchestrator);
    const retry = { attempts: 2, delayMs: 200, on: ['failed'] };
    const runId = await core.start(aPlan().stage('test', { retry }).done());
    await failAttempt(core, runId);
    await expect.poll(async () => (await listAttempts(core.context.db, runId)).length).toBe(2);
    const events = await core.context.db
      .selectFrom('run_events')
      .select('event')
      .where('run_id', '=', runId)
      .execute();
    expect(events.filter(({ event }) => event.kind === 'retry-due')).toHaveLength(1);
    await Promise.all(servers.map((server) => server.close()));
  });

  test('folds that race for one run lose no event and number each once', async () => {
    const other = core.anotherServer();
    const names = Array.from({ length: 12 }, (_, index) => `s${index}`);
    const plan = names.reduce((builder, name) => builder.stage(name), aPlan()).done();
    const runId = await core.start(plan);
    await Promise.all(
      names.map((stage, index) =>
        claimAttempt(index % 2 === 0 ? core.context : other, { runId, stage, attempt: 1, workerId: 'w' }),
      ),
    );
    const events = await core.context.db
      .selectFrom('run_events')
      .select(['seq', 'event'])
      .where('run_id', '=', runId)
      .orderBy('seq')
      .execute();
    expect(events.map(({ seq }) => seq)).toEqual(names.map((_, index) => index + 1).concat(names.length + 1));
    await requestCancel(core.context, runId, 'ada', 'enough');
  });
});

/** The same server with a Redis that nobody answers for. */
function withoutRedis(context: ServerContext): { context: ServerContext; close: () => Promise<void> } {
  const redis = new Redis('redis://127.0.0.1:1', { maxRetriesPerRequest: null, lazyConnect: true });
  redis.on('error', () => undefined);
  const news = openNews(redis, context.log);
  return {
    context: { ...context, redis, news },
    async close() {
      await news.close();
      redis.disconnect();
    },
  };
}

async function failAttempt(core: TestCore, runId: string): Promise<void> {
  const answer = await claimAttempt(core.context, { runId, stage: 'test', attempt: 1, workerId: 'w' });
  if (answer.kind === 'refused') throw new Error(answer.reason);
  const { attemptId, fence } = answer.claim;
  const failure = { class: 'failed', message: 'exit 1', exitCode: 1 } as const;
  const at = core.context.now();
  const outcome = { result: 'failed', failure } as const;
  const end = { kind: 'finished', number: 1, outcome, logLines: 0, logDigest: nothing, at } as const;
  await ingestRecords(core.context, attemptId, { fence, records: [end] });
}
