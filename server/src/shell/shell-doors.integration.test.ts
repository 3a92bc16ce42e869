import { aPlan } from '@sluice/pipelines/plan/a-plan';
import { shellNews, shellTokenHeader, type ShellNews } from '@sluice/pipelines/protocol/shell';
import type { Claim } from '@sluice/pipelines/protocol/worker-api';
import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { claimAttempt } from '../orchestrator/claim-attempt.ts';
import { reportEnd } from '../orchestrator/report-end.fixture.ts';
import { openTestCore, redisUrl, type TestCore } from '../orchestrator/test-core.ts';
import { findHold } from '../store/hold-store.ts';
import { attachShells } from './attach-shells.ts';
import { grantHold, releaseHold } from './holds.ts';
import { tellOfShells } from './tell-worker.ts';

const workerToken = 'the-token-of-workers';
const beat = { workerId: 'w', pool: 'default', slots: 1, attempts: [] };

describe.skipIf(redisUrl === undefined)('the doors of shells (needs REDIS_URL)', () => {
  let core: TestCore;
  let server: Server;
  let doors: { close(): Promise<void> };
  let url: string;
  beforeAll(async () => {
    core = await openTestCore();
    server = createServer();
    doors = attachShells(server, core.context, {
      authenticate: ({ headers }) => Promise.resolve(headers.authorization === 'Bearer ada' ? 'ada' : null),
      workerToken,
      internalUrl: new URL('http://server-7.internal:8080'),
      idleMs: 60_000,
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    url = `ws://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`;
  });
  afterAll(async () => {
    await doors.close();
    server.close();
    await core.close();
  });

  const enter = (attemptId: string) => open(`${url}/shell/${attemptId}?cols=100&rows=30`, 'Bearer ada');
  const come = (session: string, token: string, bearer = workerToken) =>
    open(`${url}/worker/shells/${session}`, `Bearer ${bearer}`, { [shellTokenHeader]: token });

  const offered = async () => {
    for (;;) {
      const [offer] = (await tellOfShells(core.context, beat)).shells;
      if (offer !== undefined) return offer;
    }
  };

  test('the worker is told where the person is, comes with a token that counts once, and bytes go both ways', async () => {
    const claim = await startAndClaim(core);
    const person = await enter(claim.attemptId);
    const older = await offered();
    const offer = await offered();
    expect(offer).toMatchObject({ attemptId: claim.attemptId, url: 'http://server-7.internal:8080/' });

    await expect(come(offer.sessionId, offer.token, 'wrong')).rejects.toThrow(/401/);
    await expect(come(offer.sessionId, older.token)).rejects.toThrow(/403/);
    const worker = await come(offer.sessionId, offer.token);
    expect(await worker.text()).toEqual({ kind: 'open', cols: 100, rows: 30 });
    await expect(come(offer.sessionId, offer.token)).rejects.toThrow(/403/);
    expect((await tellOfShells(core.context, beat)).shells).toEqual([]);

    person.socket.send(Buffer.from('ls\n'));
    expect(await worker.bytes()).toBe('ls\n');
    worker.socket.send(Buffer.from('made\r\n'));
    expect(await person.bytes()).toBe('made\r\n');
    person.socket.send(JSON.stringify({ kind: 'resize', cols: 120, rows: 40 }));
    expect(await worker.text()).toEqual({ kind: 'resize', cols: 120, rows: 40 });

    person.socket.send('{"kind":"flow","isPaused":true}');
    person.socket.send(Buffer.from('^C'));
    expect(await worker.bytes()).toBe('^C');
    worker.socket.send(Buffer.from('held back'));
    const [drawn, shown] = [vi.fn(), person.bytes()];
    void shown.then(drawn);
    person.socket.send(Buffer.from('.'));
    expect(await worker.bytes()).toBe('.');
    expect(drawn).not.toHaveBeenCalled();
    person.socket.send('{"kind":"flow","isPaused":false}');
    expect(await shown).toBe('held back');

    worker.socket.terminate();
    expect(await person.news()).toMatchObject({ kind: 'ended', reason: 'worker-gone' });
    await expect
      .poll(async () => (await audited()).map((entry) => [entry.who, entry.what]))
      .toEqual([
        ['ada', 'shell-closed'],
        ['ada', 'shell-opened'],
      ]);
    const rows = await core.context.db.selectFrom('shell_sessions').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(offer.token);
    expect(rows.map((row) => row.end_reason)).toEqual(['worker-gone']);
  });

  test('an attempt that is over is entered only while it is kept, and not by someone who is not signed in', async () => {
    const claim = await startAndClaim(core);
    const { attemptId, fence } = claim;
    await expect(open(`${url}/shell/${attemptId}`, 'Bearer eve')).rejects.toThrow(/401/);
    const wish = { workerId: 'w', fence, forMs: 60_000 };
    expect(await grantHold(core.context, attemptId, { ...wish, fence: fence + 1 })).toMatchObject({
      error: { reason: 'stale-fence' },
    });
    expect(await grantHold(core.context, attemptId, wish)).toEqual({ ok: true, value: { forMs: 60_000 } });
    const failure = { class: 'failed', message: 'exit 1', exitCode: 1 } as const;
    await reportEnd(core.context, claim, { result: 'failed', failure });

    const person = await enter(attemptId);
    await expect
      .poll(async () => (await tellOfShells(core.context, { ...beat, holds: [attemptId] })).shells)
      .toHaveLength(1);
    person.socket.close();

    expect(await releaseHold(core.context, attemptId, { user: 'ada', from: null })).toBe(true);
    expect((await tellOfShells(core.context, { ...beat, holds: [attemptId] })).release).toEqual([attemptId]);
    const late = await enter(attemptId);
    expect(await late.news()).toMatchObject({ kind: 'ended', reason: 'not-open' });
  });

  test('a hold ends at its time, and with the worker process that had it', async () => {
    const [first, second] = [await startAndClaim(core), await startAndClaim(core)];
    for (const { attemptId, fence } of [first, second])
      await grantHold(core.context, attemptId, { workerId: 'w', fence, forMs: 600_000 });
    const holds = [first.attemptId, second.attemptId];
    expect((await tellOfShells(core.context, { ...beat, holds })).release).toEqual([]);
    core.passTime(30_000);
    await tellOfShells(core.context, { ...beat, holds: [second.attemptId] });
    expect(await findHold(core.context.db, first.attemptId, core.context.now())).toBeNull();
    core.passTime(600_000);
    expect((await tellOfShells(core.context, { ...beat, holds })).release).toEqual(holds);
  });

  const audited = () =>
    core.context.db
      .selectFrom('audit')
      .selectAll()
      .where('what', 'like', 'shell-%')
      .orderBy('id', 'desc')
      .execute();
});

async function startAndClaim(core: TestCore): Promise<Claim> {
  const runId = await core.start(aPlan().stage('test').done());
  const answer = await claimAttempt(core.context, { runId, stage: 'test', attempt: 1, workerId: 'w' });
  if (answer.kind === 'refused') throw new Error(answer.reason);
  return answer.claim;
}

async function open(url: string, authorization: string, headers: Readonly<Record<string, string>> = {}) {
  const socket = new WebSocket(url, { headers: { ...headers, authorization } });
  const [texts, chunks] = [new Inbox(), new Inbox()];
  socket.on('message', (data, isBinary) => {
    if (Buffer.isBuffer(data)) (isBinary ? chunks : texts).put(data.toString());
  });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  return {
    socket,
    bytes: () => chunks.take(),
    text: async (): Promise<unknown> => JSON.parse(await texts.take()),
    news: async (): Promise<ShellNews> => shellNews.parse(JSON.parse(await texts.take())),
  };
}

class Inbox {
  readonly #arrived: string[] = [];
  #wake: () => void = () => undefined;

  put(message: string): void {
    this.#arrived.push(message);
    this.#wake();
  }

  async take(): Promise<string> {
    for (;;) {
      const message = this.#arrived.shift();
      if (message !== undefined) return message;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
