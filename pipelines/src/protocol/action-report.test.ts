import { describe, expect, test } from 'vitest';
import { parseActionReport } from './action-report.ts';

const side = { version: 'r1', image: 'shop', replicas: 2, ready: 2, weightPercent: 90, problem: null };
const reading = { bad: { a: 1 }, total: { a: 100.5 } };
const report = {
  fence: 3,
  lines: ['weight set'],
  result: {
    result: 'done',
    facts: { stable: side, canary: null, address: 'http://127.0.0.1:8081' },
    observation: {
      at: 1_000,
      metrics: {
        errors: { kind: 'read', stable: reading, canary: null },
        slow: { kind: 'error', message: 'prometheus answered 503' },
        late: { kind: 'read', stable: reading, canary: null, borderMs: 500 },
        mean: { kind: 'value', stable: 0.02, canary: null },
      },
      latency: { stable: { meanMs: 12, p95Ms: null, maxMs: null }, canary: null },
    },
  },
};

describe('parseActionReport', () => {
  test('takes a report as it is, also after a journey as JSON', () => {
    expect(parseActionReport(JSON.parse(JSON.stringify(report)))).toEqual({ ok: true, value: report });
  });

  test('takes a failure', () => {
    const failed = {
      fence: 1,
      lines: [],
      result: { result: 'failed', reason: 'target-unreachable', message: 'no route', retryable: true },
    };
    expect(parseActionReport(failed)).toEqual({ ok: true, value: failed });
  });

  test('names the field that is wrong', () => {
    const broken = {
      ...report,
      result: { ...report.result, facts: { ...report.result.facts, stable: { ...side, ready: -1 } } },
    };
    const error = expect.stringContaining('result.facts.stable.ready');
    expect(parseActionReport(broken)).toEqual({ ok: false, error });
  });

  test.each([NaN, Infinity, -1, '7'])('refuses the counter %s', (value) => {
    const metrics = { errors: { kind: 'read', stable: { bad: {}, total: { a: value } }, canary: null } };
    const observation = { ...report.result.observation, metrics };
    expect(parseActionReport({ ...report, result: { ...report.result, observation } }).ok).toBe(false);
  });

  test.each([NaN, -Infinity, -1, '7'])('refuses the value %s', (value) => {
    const metrics = { mean: { kind: 'value', stable: value, canary: 1 } };
    const observation = { ...report.result.observation, metrics };
    expect(parseActionReport({ ...report, result: { ...report.result, observation } }).ok).toBe(false);
  });

  test.each([null, undefined, 'text', [], {}])('refuses %s', (input) => {
    expect(parseActionReport(input).ok).toBe(false);
  });
});
