// What the gate of a canary looks at.
import type { KeyTable, MapShape } from './key.ts';
import { boolean, duration, durationOrZero, map, number, oneOf, text, whole } from './shapes.ts';

const query = text('a PromQL query', '\\$\\{\\{\\s*version\\s*\\}\\}', [
  'http_requests_total{version="${{ version }}",code=~"5.."}',
]);

const measurement = text('a condition over result', '^[\\w\\s.,<>=!&|()+\\-*/%]{1,200}$', ['result >= 0.95']);

/** When and how often a metric is looked at, in the words of Argo Rollouts. */
export const metricRuleKeys: KeyTable = {
  interval: {
    shape: duration,
    says: 'Between two looks, at least the interval of the stage.',
    fallback: 'that of the stage',
  },
  count: {
    shape: whole(1, 100),
    says: 'Looks before a pass.',
    fallback: '1, and 5 for a ceiling of a gauge',
  },
  failure_limit: {
    shape: whole(0, 100),
    says: 'Failed looks that are let pass; less than `count`.',
    fallback: '0, and 2 for a ceiling of a gauge',
  },
  inconclusive_limit: {
    shape: whole(0, 1_000),
    says: 'Looks without data that are let pass before a person is asked.',
    fallback: 'as many as the step has time for',
  },
  consecutive_error_limit: {
    shape: whole(0, 1_000),
    says: 'Errors of the query in a row that are let pass before a person is asked.',
    fallback: '4',
  },
  initial_delay: {
    shape: durationOrZero,
    says: 'Nothing counts for this long after each change of weight: for a service that answers slowly when it has just begun.',
    fallback: '0',
  },
  dry_run: {
    shape: boolean,
    says: 'Measured and shown, and never decides.',
    fallback: 'false',
  },
};

export const metricKeys: KeyTable = {
  query: {
    shape: query,
    says: 'With `of`: the counter of bad events, raw, without rate() or increase(). Alone: a gauge, one value a side. Must hold `${{ version }}`, which becomes each side’s label.',
  },
  of: { shape: query, says: 'The counter of all events.' },
  histogram: {
    shape: query,
    says: 'A histogram with its labels, without `_bucket`: requests slower than `over` count as bad.',
  },
  over: { shape: duration, says: 'From which time on a request of the histogram is slow.' },
  worse_than: {
    shape: text(
      'a ratio such as 1.5x, or a percentage such as 10%',
      '^(\\d{1,3}(\\.\\d{1,3})?x|\\d{1,4}(\\.\\d{1,3})?\\s*%)$',
      ['1.5x', '10%'],
    ),
    says: 'How much worse than the old version the new one may be: of counters and slow requests a ratio of their rates, of a gauge a percentage.',
  },
  limit: {
    shape: oneOf(
      text('a share such as 1%', '^\\d{1,3}(\\.\\d{1,6})?\\s*%$', ['1%']),
      duration,
      number(0, Number.MAX_SAFE_INTEGER),
    ),
    says: 'An absolute ceiling: of counters and slow requests a share, of a gauge a number or a duration in the query’s own unit.',
  },
  success_condition: {
    shape: measurement,
    says: 'Of a gauge: CEL over `result`, its value at each look; a look passes where it holds. Absent: the opposite of `failure_condition`.',
  },
  failure_condition: {
    shape: measurement,
    says: 'Of a gauge: a look fails where it holds, whatever `success_condition` says. Where neither holds, the look counts as one without data.',
  },
  ...metricRuleKeys,
};

export const metric: MapShape = map('a metric', metricKeys, {
  exactlyOne: [['query', 'histogram']],
  atLeastOne: [['worse_than', 'limit', 'success_condition', 'failure_condition']],
  conflicts: { success_condition: ['of', 'histogram'], failure_condition: ['of', 'histogram'] },
  together: { of: ['query'], histogram: ['over'], over: ['histogram'] },
});
