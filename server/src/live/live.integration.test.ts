import { aPlan } from '@sluice/pipelines/plan/a-plan';
import type { NumberedLine } from '@sluice/pipelines/protocol/api';
import type { LiveMessage, LiveRequest } from '@sluice/pipelines/protocol/live';
import type { Claim, WorkerRecord } from '@sluice/pipelines/protocol/worker-api';
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { ingestRecords } from '../ingest/ingest-records.ts';
import { claimAttempt } from '../orchestrator/claim-attempt.ts';
import { requestCancel } from '../orchestrator/request-cancel.ts';
import { openTestCore, redisUrl, type TestCore } from '../orchestrator/test-core.ts';
import { attachLive } from './attach-live.ts';

describe.skipIf(redisUrl === undefined)('the live socket (needs REDIS_URL)', () => {
  let core: TestCore;
  let server: Server;
  let live: { close(): Promise<void> };
  let url: string;
  beforeAll(async () => {
    core = await openTestCore();
    server = createServer();
    live = attachLive(server, core.context, (request) =>
      Promise.resolve(request.headers.authorization === 'Bearer good' ? 'ada' : null),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    url = `ws://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}/live`;
  });
  afterAll(async () => {
    await live.close();
    server.close();
    await core.close();
  });

  test('refuses whom the server does not know', async () => {
    const socket = new WebSocket(url);
    const error = await new Promise<Error>((resolve) => socket.once('error', resolve));
    expect(error.message).toContain('401');
  });

  test('answers what it cannot read with a problem and goes on', async () => {
    const client = await connect(url);
    client.socket.send('{"kind":');
    expect(await client.next('problem')).toMatchObject({ reason: 'bad-request' });
    client.send({ kind: 'watch-runs' });
    const runId = await core.start(aPlan().stage('test').done());
    const message = await client.next('run-summary', (summary) => summary.run.id === runId);
    expect(message.run.stages).toEqual([{ id: 'test', status: 'queued' }]);
    client.close();
  });

  test('shows a run again each time it changes, never an older one after a newer one', async () => {
    const runId = await core.start(aPlan().stage('test').done());
    const client = await connect(url);
    client.send({ kind: 'watch-run', runId });
    const first = await client.next('run');
    expect(first.run.status).toBe('running');
    await requestCancel(core.context, runId, 'ada', 'enough');
    const second = await client.next('run', ({ run }) => run.status === 'cancelled');
    expect(second.run.revision).toBeGreaterThan(first.run.revision);
    client.close();
  });

  test('sends every line once, though the socket is cut and resumed ten times while the log grows', async () => {
    const claim = await startAndClaim(core);
    const texts = Array.from({ length: 20_000 }, (_, n) => `line ${n}`);
    const seen: NumberedLine[] = [];
    const writing = writeLog(core, claim, texts);
    for (let cut = 1; cut <= 10; cut++) await follow(url, claim, seen, cut * 1_500);
    const end = await follow(url, claim, seen, Number.POSITIVE_INFINITY);
    await writing;
    expect(seen.map((line) => line.n)).toEqual(texts.map((_, n) => n));
    expect(seen.map((line) => line.text)).toEqual(texts);
    expect(end).toMatchObject({ lines: texts.length, verified: true });
  });

  test('keeps a client that does not read for a while, and brings it to the end', async () => {
    const claim = await startAndClaim(core);
    const client = await connect(url);
    client.socket.pause();
    client.send({ kind: 'watch-log', attemptId: claim.attemptId, from: 0 });
    const texts = Array.from({ length: 50_000 }, (_, n) => `${n} ${'x'.repeat(200)}`);
    await writeLog(core, claim, texts);
    client.socket.resume();
    let count = 0;
    for (;;) {
      const message = await client.any();
      if (message.kind === 'log') count += message.lines.length;
      if (message.kind === 'log-complete') break;
    }
    expect(count).toBe(texts.length);
    client.close();
  });
});

/** Reads from where `seen` ends until it holds at least `until` lines, then cuts the socket. */
async function follow(url: string, claim: Claim, seen: NumberedLine[], until: number) {
  const client = await connect(url);
  client.send({ kind: 'watch-log', attemptId: claim.attemptId, from: seen.length });
  for (;;) {
    const message = await client.any();
    if (message.kind === 'log') for (const line of message.lines) seen.push(line);
    if (message.kind === 'log-complete' || seen.length >= until) {
      client.socket.terminate();
      return message.kind === 'log-complete' ? message : null;
    }
  }
}

async function startAndClaim(core: TestCore): Promise<Claim> {
  const runId = await core.start(aPlan().stage('test').done());
  const answer = await claimAttempt(core.context, { runId, stage: 'test', attempt: 1, workerId: 'w' });
  if (answer.kind === 'refused') throw new Error(answer.reason);
  return answer.claim;
}

async function writeLog(core: TestCore, claim: Claim, texts: readonly string[]): Promise<void> {
  const digest = createHash('sha256').update(texts.map((text) => `${text}\n`).join(''));
  let number = 1;
  const send = (record: WorkerRecord) =>
    ingestRecords(core.context, claim.attemptId, { fence: claim.fence, records: [record] });
  for (let firstLine = 0; firstLine < texts.length; firstLine += 500) {
    const lines = texts
      .slice(firstLine, firstLine + 500)
      .map((text): [number, 'o', string] => [0, 'o', text]);
    await send({ kind: 'log', number: number++, step: 0, firstLine, lines });
  }
  const outcome = { result: 'succeeded', outputs: {} } as const;
  const logDigest = digest.digest('hex');
  await send({ kind: 'finished', number, outcome, logLines: texts.length, logDigest, at: Date.now() });
}

type Of<Kind> = Extract<LiveMessage, { readonly kind: Kind }>;

async function connect(url: string) {
  const socket = new WebSocket(url, { headers: { authorization: 'Bearer good' } });
  const received: LiveMessage[] = [];
  let wake: () => void = () => undefined;
  socket.on('message', (data) => {
    if (Buffer.isBuffer(data)) received.push(JSON.parse(data.toString()));
    wake();
  });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  const any = async (): Promise<LiveMessage> => {
    for (;;) {
      const message = received.shift();
      if (message !== undefined) return message;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  return {
    socket,
    any,
    send: (request: LiveRequest) => socket.send(JSON.stringify(request)),
    async next<Kind extends LiveMessage['kind']>(
      kind: Kind,
      fits: (message: Of<Kind>) => boolean = () => true,
    ): Promise<Of<Kind>> {
      for (;;) {
        const message = await any();
        if (isOf(message, kind) && fits(message)) return message;
      }
    },
    close: () => socket.close(),
  };
}

function isOf<Kind extends LiveMessage['kind']>(message: LiveMessage, kind: Kind): message is Of<Kind> {
  return message.kind === kind;
}
