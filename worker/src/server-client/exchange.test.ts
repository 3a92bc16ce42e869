import { expect, test } from 'vitest';
import type { DoorRequest } from './http-door.ts';
import { ServerAwayError, ServerRefusedError } from './http-door.ts';
import { createExchange } from './exchange.ts';

const never = new AbortController().signal;
const batch = '{"fence":1,"records":[]}';

/** A door that answers as the test says; `calls` are the requests that went through it. */
function aDoor(answer: (request: DoorRequest) => unknown) {
  const calls: DoorRequest[] = [];
  const call = (request: DoorRequest): Promise<unknown> => {
    calls.push(request);
    return new Promise((resolve) => resolve(answer(request)));
  };
  return { call, calls, paths: () => calls.map(({ path }) => path) };
}

const answered = (answer: unknown) => ({ kind: 'answered', answer });

test('a call alone is sent as ever; those that come together share a request', async () => {
  const door = aDoor(({ path }) =>
    path === '/worker/exchange'
      ? { claims: [answered('one'), answered('two')], reports: [answered('ack')] }
      : 'alone',
  );
  const exchange = createExchange(door);
  expect(await exchange.claim('{}')).toBe('alone');
  const together = [
    exchange.claim('{"a":1}'),
    exchange.report('id', batch, never),
    exchange.claim('{"b":2}'),
  ];
  expect(await Promise.all(together)).toEqual(['one', 'ack', 'two']);
  expect(door.paths()).toEqual(['/worker/claims', '/worker/exchange']);
  // Shorter than a lease: the attempt of a claim whose answer is lost is not known here, and kept by nobody.
  expect(door.calls.map(({ timeoutMs }) => timeoutMs)).toEqual([15_000, 15_000]);
  const sent = door.calls[1]?.body;
  expect(typeof sent === 'string' ? JSON.parse(sent) : null).toEqual({
    claims: [{ a: 1 }, { b: 2 }],
    reports: [{ attemptId: 'id', fence: 1, records: [] }],
  });
});

test('each is refused for itself, as if it had been sent alone', async () => {
  const refused = (status: number, reason: string) => ({ kind: 'refused', status, reason, message: 'no' });
  const door = aDoor(() => ({
    claims: [answered('one'), refused(500, 'internal-error')],
    reports: [refused(409, 'stale-fence')],
  }));
  const exchange = createExchange(door);
  const ends = await Promise.allSettled([
    exchange.claim('{}'),
    exchange.claim('{}'),
    exchange.report('id', batch, never),
  ]);
  expect(ends[0]).toMatchObject({ status: 'fulfilled', value: 'one' });
  expect(ends[1]).toMatchObject({ reason: { name: ServerAwayError.name } });
  expect(ends[2]).toMatchObject({ reason: { status: 409, reason: 'stale-fence' } });
});

test('a server of an earlier version, which knows no exchange, is asked one by one', async () => {
  const door = aDoor(({ path }) => {
    if (path === '/worker/exchange') throw new ServerRefusedError('nothing there', 404, 'not-found');
    if (path === '/worker/claims') throw new ServerAwayError('away');
    return 'ack';
  });
  const exchange = createExchange(door);
  const ends = await Promise.allSettled([exchange.claim('{}'), exchange.report('id', batch, never)]);
  expect(ends[0]).toMatchObject({ status: 'rejected', reason: { name: ServerAwayError.name } });
  expect(ends[1]).toMatchObject({ status: 'fulfilled', value: 'ack' });
});

test('a large report keeps nobody waiting', async () => {
  const door = aDoor(() => 'ack');
  const exchange = createExchange(door);
  const large = `{"fence":1,"records":["${'x'.repeat(70_000)}"]}`;
  await Promise.all([exchange.report('id', large, never), exchange.report('id', large, never)]);
  expect(door.paths()).toEqual(['/worker/attempts/id/records', '/worker/attempts/id/records']);
});

test('who gives up does not wait for the answer', async () => {
  const door = aDoor(() => new Promise(() => undefined));
  const giveUp = new AbortController();
  const report = createExchange(door).report('id', batch, giveUp.signal);
  giveUp.abort();
  await expect(report).rejects.toThrow(ServerAwayError);
});
