// The edge where figures come in: whatever a Prometheus may answer, each is a reading, no data, or an error.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { MetricSpec } from '@sluice/pipelines/rollout/rollout-state';
import { observePrometheus } from './observe-prometheus.ts';

type Sample = readonly [labels: Readonly<Record<string, string>>, value: string];

let server: Server;
let url: string;
/** By query, with the version filled in; a number is a status. */
let answers: Readonly<Record<string, readonly Sample[] | number>> = {};
let ranges: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    void text(request).then((body) => {
      const asked = new URLSearchParams(body);
      if (request.url?.endsWith('query_range') === true) {
        ranges.push(asked.get('query') ?? '');
        const values = Array.from({ length: 361 }, (_, index) => [
          Number(asked.get('start')) + index * Number(asked.get('step')),
          String(index * 2),
        ]);
        const data = { resultType: 'matrix', result: [{ metric: {}, values }] };
        response.end(JSON.stringify({ status: 'success', data }));
        return;
      }
      const answer = answers[asked.get('query') ?? ''] ?? [];
      if (typeof answer === 'number') {
        response.writeHead(answer).end('<html>gateway</html>');
        return;
      }
      const result = answer.map(([metric, value]) => ({ metric, value: [1, value] }));
      response.end(JSON.stringify({ status: 'success', data: { resultType: 'vector', result } }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));
beforeEach(() => {
  answers = {};
  ranges = [];
});

const signal = AbortSignal.timeout(60_000);
const version = '${{ version }}';
const counter: MetricSpec = {
  kind: 'count',
  query: `bad{v="${version}"}`,
  of: `all{v="${version}"}`,
  worseThan: 1.5,
  limit: null,
  dryRun: false,
};
const gauge: MetricSpec = {
  kind: 'points',
  query: `mean{v="${version}"}`,
  tolerance: 0.1,
  limit: null,
  dryRun: false,
};
const slow: MetricSpec = {
  kind: 'slow',
  histogram: `seconds{v="${version}"}`,
  overMs: 300,
  worseThan: 2,
  limit: null,
  dryRun: false,
};

async function read(spec: MetricSpec, versions = { stable: 'r1', canary: 'r2' }) {
  const { metrics } = await observePrometheus({ url, metrics: { m: spec }, versions, at: 1_000_000, signal });
  return metrics['m'];
}
const samples = (...values: readonly string[]): readonly Sample[] =>
  values.map((value, index) => [{ pod: String(index) }, value]);

describe('counters', () => {
  test('are read series by series, and no bad series is no bad event', async () => {
    answers = {
      'all{v="r1"}': samples('10', '20'),
      'bad{v="r1"}': samples('1'),
      'all{v="r2"}': samples('5'),
    };
    expect(await read(counter)).toEqual({
      kind: 'read',
      stable: { bad: { '{pod="0"}': 1 }, total: { '{pod="0"}': 10, '{pod="1"}': 20 } },
      canary: { bad: {}, total: { '{pod="0"}': 5 } },
    });
  });

  test('without any series are no data', async () => {
    expect(await read(counter)).toEqual({ kind: 'read', stable: null, canary: null });
  });

  test.each([
    ['NaN', samples('NaN')],
    ['an infinite count', samples('+Inf')],
    ['a negative count', samples('-3')],
    ['a gateway that answers in its place', 502],
    ['a redirect', 302],
  ])('%s is an error, whichever side it is on', async (_, answer) => {
    answers = { 'all{v="r1"}': samples('10'), 'all{v="r2"}': answer };
    expect(await read(counter)).toMatchObject({ kind: 'error' });
    answers = { 'all{v="r2"}': samples('10'), 'bad{v="r1"}': answer };
    expect(await read(counter)).toMatchObject({ kind: 'error' });
  });
});

describe('a gauge', () => {
  test('has one value a side, and NaN is none', async () => {
    answers = { 'mean{v="r1"}': samples('0.02'), 'mean{v="r2"}': samples('NaN') };
    expect(await read(gauge)).toEqual({ kind: 'value', stable: 0.02, canary: null });
  });

  test('of several series is an error that says how to join them', async () => {
    answers = { 'mean{v="r1"}': samples('0.02', '0.03') };
    expect(await read(gauge)).toMatchObject({ message: expect.stringContaining('2 series for r1') });
  });

  test.each(['+Inf', '-Inf', '-0.5', 'x'])('%s is an error', async (value) => {
    answers = { 'mean{v="r1"}': samples(value) };
    expect(await read(gauge)).toMatchObject({ kind: 'error' });
  });
});

describe('slow requests', () => {
  const buckets = (...counts: readonly (readonly [string, string])[]): readonly Sample[] =>
    counts.map(([le, count]) => [{ le, pod: 'a' }, count]);

  test('are counted above the border of both sides', async () => {
    answers = {
      'seconds_bucket{v="r1"}': buckets(['0.3', '90'], ['+Inf', '100']),
      'seconds_bucket{v="r2"}': buckets(['0.3', '8'], ['+Inf', '10']),
    };
    expect(await read(slow)).toEqual({
      kind: 'read',
      borderMs: 300,
      stable: { bad: { '{pod="a"}': 10 }, total: { '{pod="a"}': 100 } },
      canary: { bad: { '{pod="a"}': 2 }, total: { '{pod="a"}': 10 } },
    });
  });

  test('of a gauge under a wrong name are an error', async () => {
    answers = { 'seconds_bucket{v="r1"}': samples('1') };
    expect(await read(slow)).toMatchObject({ message: expect.stringContaining('is seconds') });
  });
});

test('a version that could end the query is refused, and a Prometheus that is down is an error', async () => {
  expect(await read(gauge, { stable: 'r1', canary: 'x"} or vector(0)' })).toMatchObject({ kind: 'error' });
  url = 'http://127.0.0.1:1';
  expect(await read(gauge)).toMatchObject({ message: expect.stringContaining('does not answer') });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

test('the hour before is read of the old version, for counters only, when it is asked for', async () => {
  const metrics = { errors: counter, mean: gauge, slow };
  const versions = { stable: 'r1', canary: null };
  const source = { url, metrics, versions, at: 1_000_000_000, signal };
  expect((await observePrometheus(source)).history).toBeUndefined();
  const { history } = await observePrometheus({ ...source, historyEveryMs: 10_000 });
  const ofDays = ['all', 'bad'].map((name) => `sum(increase((${name}{v=~".+"})[5m:1m]))`);
  expect(ranges.toSorted()).toEqual(['all{v="r1"}', 'bad{v="r1"}', ...ofDays]);
  expect(history?.['errors']).toEqual({
    everyMs: 10_000,
    requests: Array.from({ length: 360 }, () => 2),
    bad: Array.from({ length: 360 }, () => 2),
  });
});
