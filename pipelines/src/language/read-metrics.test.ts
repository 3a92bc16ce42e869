import { describe, expect, test } from 'vitest';
import { parsePipeline } from './parse-pipeline.ts';

const v = 'version="${{ version }}"';
const pipeline = (
  metric: string,
  steps = '{ set_weight: 10 }, { analysis: { for: 5m } }',
): string => `on: push
stages:
  image: { build: {} }
  push: { needs: [image], push: { of: image, to: r.io/x } }
  a:
    needs: [push]
    deploy:
      environment: prod
      image: push
      manifests: k8s
      strategy: canary
      steps: [${steps}]
      metrics:
        m: ${metric}
`;

function read(metric: string) {
  const { definition, diagnostics } = parsePipeline(pipeline(metric), 'x.yml');
  const work = definition?.stages.find(({ id }) => id === 'a')?.work;
  return { metric: work?.kind === 'deploy' ? work.metrics['m'] : undefined, diagnostics };
}
const messages = (metric: string, steps?: string): readonly string[] =>
  parsePipeline(pipeline(metric, steps), 'x.yml').diagnostics.map(({ message }) => message);

describe('a metric is', () => {
  test('counters', () => {
    expect(read(`{ query: 'bad{${v}}', of: 'all{${v}}', worse_than: 1.5x }`).metric).toEqual({
      kind: 'count',
      query: 'bad{version="${{ version }}"}',
      of: 'all{version="${{ version }}"}',
      worseThan: 1.5,
      limit: null,
      dryRun: false,
    });
  });

  test('slow requests of a histogram', () => {
    expect(read(`{ histogram: 'seconds{${v}}', over: 300ms, worse_than: 2x, limit: 5% }`).metric).toEqual({
      kind: 'slow',
      histogram: 'seconds{version="${{ version }}"}',
      overMs: 300,
      worseThan: 2,
      limit: 0.05,
      dryRun: false,
    });
  });

  test('a gauge, with a tolerance, or a ceiling in seconds or in its own unit', () => {
    const gauge = (rest: string) => read(`{ query: 'mean{${v}}', ${rest} }`).metric;
    expect(gauge('worse_than: 10%')).toMatchObject({ kind: 'points', tolerance: 0.1, limit: null });
    expect(gauge('limit: 2s')).toMatchObject({ kind: 'points', tolerance: null, limit: 2 });
    expect(gauge('limit: 0.25')).toMatchObject({ limit: 0.25 });
  });

  test("a gauge with Argo's conditions", () => {
    const conditions = "success_condition: 'result >= 0.95', failure_condition: result < 0.9";
    expect(read(`{ query: 'rate{${v}}', ${conditions} }`).metric).toMatchObject({
      kind: 'points',
      tolerance: null,
      limit: null,
      successCondition: 'result >= 0.95',
      failureCondition: 'result < 0.9',
    });
  });

  test("looked at by Argo's rules", () => {
    const rules =
      'interval: 30s, count: 10, failure_limit: 3, inconclusive_limit: 2, consecutive_error_limit: 1, initial_delay: 1m, dry_run: true';
    expect(read(`{ query: 'max{${v}}', limit: 2s, ${rules} }`).metric).toMatchObject({
      dryRun: true,
      rules: {
        intervalMs: 30_000,
        count: 10,
        failureLimit: 3,
        inconclusiveLimit: 2,
        consecutiveErrorLimit: 1,
        initialDelayMs: 60_000,
      },
    });
  });
});

describe('a mistake', () => {
  test.each([
    ['failureLimit: 3', 'Did you mean "failure_limit"?'],
    ['consecutiveErrorLimit: 3', 'Did you mean "consecutive_error_limit"?'],
    ['initialDelay: 3m', 'Did you mean "initial_delay"?'],
    ['dryRun: true', 'Did you mean "dry_run"?'],
    ['count: 5, failure_limit: 5', 'lets all of the 5 looks fail'],
    ['count: 0', 'from 1 to 100'],
    ['interval: 5s', "shorter than the stage's own interval of 10s"],
    ['initial_delay: 5m', 'it could never decide'],
  ])('%s', (rule, message) => {
    expect(messages(`{ query: 'b{${v}}', of: 'a{${v}}', limit: 1%, ${rule} }`)).toEqual([
      expect.stringContaining(message),
    ]);
  });

  test.each([
    [`{ query: 'b{${v}}', successCondition: result > 1, limit: 1 }`, 'Did you mean "success_condition"?'],
    [`{ query: 'b{${v}}', failure_condition: latency > 1 }`, 'Only result is known'],
    [`{ query: 'b{${v}}', of: 'a{${v}}', limit: 1%, failure_condition: result > 1 }`, 'is for a gauge'],
    [`{ query: 'b{${v}}', worse_than: 1.5x }`, 'of, the PromQL counter of all events'],
    [`{ query: 'b{${v}}', of: 'a{${v}}', worse_than: 10% }`, 'ratio of at least 1x'],
    [`{ query: 'mean{${v}}' }`, 'worse_than: 10%, limit: 2s, or a failure_condition'],
    [`{ query: 'mean{${v}}', limit: 0s }`, 'a number above 0'],
    [`{ histogram: 'seconds_bucket{${v}}', over: 1s, limit: 1% }`, 'write seconds{…}'],
    [`{ histogram: 'rate(seconds{${v}}[1m])', over: 1s, limit: 1% }`, 'without functions around it'],
    [`{ histogram: 'seconds{${v}}', limit: 1% }`, 'over: 300ms'],
    [`{ histogram: 'seconds{${v}}', over: 1s, query: 'b{${v}}', limit: 1% }`, 'both histogram and query'],
  ])('%s', (metric, message) => {
    expect(messages(metric)).toEqual([expect.stringContaining(message)]);
  });

  test('a rule of a metric in the analysis step is sent to the metric', () => {
    const steps = '{ set_weight: 10 }, { analysis: { for: 5m, count: 3 } }';
    expect(messages(`{ query: 'b{${v}}', of: 'a{${v}}', limit: 1% }`, steps)).toEqual([
      expect.stringContaining('count belongs to a metric'),
    ]);
  });
});
