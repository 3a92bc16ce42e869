import { expect, test } from 'vitest';
import { parseAnswer } from './prometheus.ts';
import { forVersion } from './observe-prometheus.ts';

const vector = (result: readonly { metric: Record<string, string>; value: [number, string] }[]): string =>
  JSON.stringify({ status: 'success', data: { resultType: 'vector', result } });

test('every series is kept under its labels, whatever their order', () => {
  const text = vector([
    { metric: { __name__: 'x', pod: 'b', code: '200' }, value: [1, '7'] },
    { metric: { code: '500', pod: 'b' }, value: [1, '2'] },
  ]);
  expect(parseAnswer(text, 200)).toEqual({
    kind: 'series',
    series: { '{code="200",pod="b"}': 7, '{code="500",pod="b"}': 2 },
  });
});

test('no series is no error', () => {
  expect(parseAnswer(vector([]), 200)).toEqual({ kind: 'series', series: {} });
});

test.each(['NaN', '+Inf', '-Inf', '-1', '', ' ', 'seven'])('%s is not a count', (value) => {
  const answer = parseAnswer(vector([{ metric: {}, value: [1, value] }]), 200);
  expect(answer).toMatchObject({ kind: 'error', message: expect.stringContaining('use raw counters') });
});

test.each(['+Inf', '-Inf', '-1', ''])('%s is not a value of a gauge', (value) => {
  const answer = parseAnswer(vector([{ metric: {}, value: [1, value] }]), 200, 'values');
  expect(answer).toMatchObject({ kind: 'error', message: expect.stringContaining('cannot be compared') });
});

test('a gauge that is not a number, as 0 / 0 is, has no value', () => {
  expect(parseAnswer(vector([{ metric: {}, value: [1, 'NaN'] }]), 200, 'values')).toEqual({
    kind: 'series',
    series: {},
  });
});

test('two metrics under the same labels are not mixed up', () => {
  const text = vector([
    { metric: { __name__: 'a', pod: 'b' }, value: [1, '7'] },
    { metric: { __name__: 'b', pod: 'b' }, value: [1, '2'] },
  ]);
  expect(parseAnswer(text, 200)).toMatchObject({ kind: 'error', message: expect.stringContaining('twice') });
});

test('what Prometheus refuses is told in its words', () => {
  const text = JSON.stringify({ status: 'error', errorType: 'bad_data', error: 'parse error: unexpected }' });
  expect(parseAnswer(text, 400)).toEqual({
    kind: 'error',
    message: 'Prometheus: bad_data: parse error: unexpected }',
  });
});

test.each(['<html>', '', '{"status":"success","data":{"resultType":"matrix","result":[]}}'])(
  'an answer without an instant vector is an error (%#)',
  (text) => {
    expect(parseAnswer(text, 200).kind).toBe('error');
  },
);

test('the version is filled in wherever it is asked for', () => {
  expect(forVersion('a{v="${{ version }}"} - b{v="${{version}}"}', 'r1-abc.2')).toBe(
    'a{v="r1-abc.2"} - b{v="r1-abc.2"}',
  );
});

test('a version that could end the string around it is refused', () => {
  expect(forVersion('a{v="${{ version }}"}', 'x"} or vector(1) #')).toBeNull();
});
