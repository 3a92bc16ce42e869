import type { NumberedLine } from '@sluice/pipelines/protocol/api';
import type { LiveMessage, LiveRequest } from '@sluice/pipelines/protocol/live';
import { expect, test } from 'vitest';
import { LiveSocket, type SocketLike } from './live-socket.ts';

const attemptId = '00000002-0000-7000-8000-000000000001';

/** A network that the test drives: it connects, delivers and cuts when told. */
function aNetwork() {
  const sent: LiveRequest[] = [];
  const delays: number[] = [];
  let current: SocketLike | null = null;
  let wake = () => {};
  const live = new LiveSocket({
    connect: () => {
      current = {
        send: (text) => sent.push(JSON.parse(text) as LiveRequest),
        close: () => {},
        onopen: null,
        onmessage: null,
        onclose: null,
      };
      return current;
    },
    after: (delayMs, callback) => {
      delays.push(delayMs);
      wake = callback;
      return () => {};
    },
    random: () => 0.999_999,
  });
  return {
    live,
    sent,
    delays,
    accept: () => current?.onopen?.(),
    cut: () => current?.onclose?.(),
    wait: () => wake(),
    deliver: (message: LiveMessage) => current?.onmessage?.({ data: JSON.stringify(message) }),
    deliverLines: (from: number, to: number) =>
      current?.onmessage?.({ data: JSON.stringify({ kind: 'log', attemptId, lines: lines(from, to) }) }),
  };
}

const lines = (from: number, to: number): readonly NumberedLine[] =>
  Array.from({ length: to - from }, (_, index) => ({
    n: from + index,
    step: 0,
    atMs: 0,
    stream: 'o' as const,
    text: '',
  }));

test('what is watched before the connection is open is asked for when it opens', () => {
  const network = aNetwork();
  network.live.watchRuns(() => {});
  network.live.open();
  expect(network.sent).toEqual([]);
  network.accept();
  expect(network.sent).toEqual([{ kind: 'watch-runs' }]);
});

test('after ten cuts every line of a log has arrived once and in order', () => {
  const network = aNetwork();
  const got: number[] = [];
  network.live.open();
  network.accept();
  network.live.watchLog(attemptId, 0, {
    lines: (batch) => got.push(...batch.map((line) => line.n)),
    complete: () => {},
  });
  for (let cut = 0; cut < 10; cut += 1) {
    const asked = network.sent.findLast((request) => request.kind === 'watch-log');
    expect(asked).toEqual({ kind: 'watch-log', attemptId, from: got.length });
    network.deliverLines(Math.max(0, got.length - 3), got.length + 40);
    network.cut();
    network.wait();
    network.accept();
  }
  expect(got).toEqual(Array.from({ length: 400 }, (_, n) => n));
});

test('a gap in what arrives is not accepted: the log is asked for again from the missing line', () => {
  const network = aNetwork();
  const got: number[] = [];
  network.live.open();
  network.accept();
  network.live.watchLog(attemptId, 5, {
    lines: (batch) => got.push(...batch.map((line) => line.n)),
    complete: () => {},
  });
  network.deliverLines(5, 8);
  network.deliverLines(10, 12);
  expect(got).toEqual([5, 6, 7]);
  expect(network.sent.at(-1)).toEqual({ kind: 'watch-log', attemptId, from: 8 });
});

test('tries again with doubling delays up to 15 seconds, and begins anew after a success', () => {
  const network = aNetwork();
  network.live.open();
  for (let n = 0; n < 7; n += 1) {
    network.cut();
    network.wait();
  }
  network.accept();
  network.cut();
  expect(network.delays.map((delay) => Math.round(delay))).toEqual([
    500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 500,
  ]);
});

test('a subject is watched once however many look at it, and given up with the last', () => {
  const network = aNetwork();
  network.live.open();
  network.accept();
  const stops = [network.live.watchRuns(() => {}), network.live.watchRuns(() => {})];
  for (const stop of stops) stop();
  expect(network.sent).toEqual([{ kind: 'watch-runs' }, { kind: 'unwatch', id: 'runs' }]);
});

test('lists are asked for again after a reconnect, not after the first connection', () => {
  const network = aNetwork();
  let reopened = 0;
  network.live.onReopen(() => (reopened += 1));
  network.live.open();
  network.accept();
  expect(reopened).toBe(0);
  network.cut();
  network.wait();
  network.accept();
  expect(reopened).toBe(1);
});
