import type { CountMetric, LookRules, MetricSpec, PointMetric, SlowMetric } from './definition.ts';
import { field, nameOf, readFields, requiredField, type Fields, type Reader } from './fields.ts';
import { namesOf } from './keys/key.ts';
import { metricKeys, metricRuleKeys } from './keys/metric-keys.ts';
import { readTemplate, type TemplateContext } from './read-templates.ts';
import { readCeiling, readDuration, readFraction, readRatio, readTolerance } from './read-units.ts';
import { conditionProblem } from '../rollout/measurement-condition.ts';
import { readBoolean, readInteger, readPlainText, readRecord, variableName } from './read-values.ts';
import { report, type Reading } from './reading.ts';
import type { SourceNode } from './source-node.ts';

const judgedBy = ['worse_than', 'limit'];
const conditions = ['success_condition', 'failure_condition'];

export function readMetrics(
  reading: Reading,
  node: SourceNode,
  name: string,
  context: TemplateContext,
): Readonly<Record<string, MetricSpec>> {
  return readRecord((_, entry, label) => readMetric(reading, entry.value, label, context), variableName)(
    reading,
    node,
    name,
  );
}

function readMetric(reading: Reading, node: SourceNode, name: string, context: TemplateContext): MetricSpec {
  const fields = readFields(reading, node, name, {
    known: namesOf(metricKeys),
  });
  const readQuery: Reader<string> = (_, value, label) => readVersionedQuery(reading, value, label, context);
  checkKind(fields);
  if (fields.entries.has('histogram') || fields.entries.has('over')) return readSlow(fields, readQuery);
  const isGauge = fields.entries.has('query') && !fields.entries.has('of') && !isRatio(fields);
  return isGauge ? readGauge(fields, readQuery) : readCount(fields, readQuery);
}

function readCount(fields: Fields, readQuery: Reader<string>): CountMetric {
  checkJudged(fields, 'worse_than: 1.5x, limit: 1%, or both');
  refuseConditions(fields);
  return {
    kind: 'count',
    query: requiredField(fields, 'query', readQuery, 'query, the PromQL counter of bad events', ''),
    of: requiredField(fields, 'of', readQuery, 'of, the PromQL counter of all events', ''),
    worseThan: field(fields, 'worse_than', readRatio, null),
    limit: field(fields, 'limit', readFraction(0, 1), null),
    ...readRules(fields),
  };
}

function readSlow(fields: Fields, readQuery: Reader<string>): SlowMetric {
  checkJudged(fields, 'worse_than: 1.5x, limit: 1%, or both');
  refuseConditions(fields);
  const readHistogram: Reader<string> = (reading, node, name) => {
    const selector = readQuery(reading, node, name);
    if (selector !== '') checkHistogram(reading, node, name, selector);
    return selector;
  };
  const example = 'histogram: \'http_request_duration_seconds{version="${{ version }}"}\'';
  return {
    kind: 'slow',
    histogram: requiredField(fields, 'histogram', readHistogram, example, ''),
    overMs: requiredField(fields, 'over', readDuration(1), 'over: 300ms', 1),
    worseThan: field(fields, 'worse_than', readRatio, null),
    limit: field(fields, 'limit', readFraction(0, 1), null),
    ...readRules(fields),
  };
}

function readGauge(fields: Fields, readQuery: Reader<string>): PointMetric {
  checkJudged(fields, 'worse_than: 10%, limit: 2s, or a failure_condition', [...judgedBy, ...conditions]);
  const success = field(fields, 'success_condition', readCondition, null);
  const failure = field(fields, 'failure_condition', readCondition, null);
  return {
    kind: 'points',
    query: requiredField(fields, 'query', readQuery, 'query, the PromQL gauge', ''),
    tolerance: field(fields, 'worse_than', readTolerance, null),
    limit: field(fields, 'limit', readCeiling, null),
    ...(success === null ? {} : { successCondition: success }),
    ...(failure === null ? {} : { failureCondition: failure }),
    ...readRules(fields),
  };
}

const readCondition: Reader<string> = (reading, node, label) => {
  const text = readPlainText(reading, node, label);
  const problem = text === '' ? null : conditionProblem(text);
  if (problem !== null) report(reading, node, 'bad-expression', `${label} ${problem}. Only result is known.`);
  return text;
};

/** Conditions are about one value, and counters have none. */
function refuseConditions(fields: Fields): void {
  for (const key of conditions) {
    const entry = fields.entries.get(key);
    if (entry === undefined) continue;
    const message = `${nameOf(fields, key)} is for a gauge, a query without of. Counters are judged by worse_than and limit.`;
    report(fields.reading, entry.keySpan, 'conflicting-keys', message);
  }
}

/** The keys of two kinds of metric at once say nothing. */
function checkKind(fields: Fields): void {
  const { entries, reading, label } = fields;
  const [histogram, query] = [entries.get('histogram'), entries.get('query') ?? entries.get('of')];
  if (histogram === undefined || query === undefined) return;
  const message = `${label} has both histogram and ${query.key}. Keep histogram with over for slow requests, or query with of for counters, or query alone for a gauge.`;
  report(reading, query.keySpan, 'conflicting-keys', message);
}

function checkJudged(fields: Fields, example: string, keys: readonly string[] = judgedBy): void {
  const { node, entries, reading, label } = fields;
  if (node.kind !== 'map' || keys.some((key) => entries.has(key))) return;
  const at = { start: node.start, end: node.start + 1 };
  report(reading, at, 'missing-key', `${label} has nothing to be judged by. Add ${example}.`);
}

/** `worse_than: 1.5x` is about counts: `of` has been forgotten, and that is what the message should say. */
function isRatio({ entries }: Fields): boolean {
  const value = entries.get('worse_than')?.value;
  return value?.kind === 'scalar' && typeof value.value === 'string' && /x\s*$/.test(value.value);
}

function readRules(fields: Fields): { readonly dryRun: boolean; readonly rules?: LookRules } {
  const dryRun = field(fields, 'dry_run', readBoolean, false);
  if (!namesOf(metricRuleKeys).some((key) => key !== 'dry_run' && fields.entries.has(key))) return { dryRun };
  const rules: LookRules = {
    intervalMs: field(fields, 'interval', readDuration(1_000), null),
    count: field(fields, 'count', readInteger(1, 100), null),
    failureLimit: field(fields, 'failure_limit', readInteger(0, 100), null),
    inconclusiveLimit: field(fields, 'inconclusive_limit', readInteger(0, 1_000), null),
    consecutiveErrorLimit: field(fields, 'consecutive_error_limit', readInteger(0, 1_000), null),
    initialDelayMs: field(fields, 'initial_delay', readDuration(), 0),
  };
  checkLimits(fields, rules);
  return { dryRun, rules };
}

/** A limit that can never be passed makes the metric say nothing. */
function checkLimits(fields: Fields, { count, failureLimit }: LookRules): void {
  const entry = fields.entries.get('failure_limit');
  if (entry === undefined || failureLimit === null || count === null || failureLimit < count) return;
  const message = `${nameOf(fields, 'failure_limit')}: ${failureLimit} lets all of the ${count} looks fail. Make it less than count.`;
  report(fields.reading, entry.value, 'wrong-value', message);
}

/** Without the version in it, a query would measure old and new as one. */
function readVersionedQuery(
  reading: Reading,
  node: SourceNode,
  name: string,
  context: TemplateContext,
): string {
  const query = readTemplate(reading, node, name, 'metric', context);
  if (query !== '' && !/\$\{\{\s*version\s*\}\}/.test(query)) {
    report(
      reading,
      node,
      'missing-version',
      `${name} must tell the versions apart. Put version="\${{ version }}" into its labels.`,
    );
  }
  return query;
}

function checkHistogram(reading: Reading, node: SourceNode, name: string, selector: string): void {
  const [, metric] = /^\s*([a-zA-Z_:][\w:]*)\s*\{[^]*\}\s*$/.exec(selector) ?? [];
  const suffix = /_(bucket|count|sum)$/.exec(metric ?? '')?.[0];
  if (metric === undefined) {
    const message = `${name} must be one histogram with its labels, such as http_request_duration_seconds{version="\${{ version }}"}, without functions around it.`;
    report(reading, node, 'wrong-value', message);
  } else if (suffix !== undefined) {
    const message = `${name} is the histogram itself, without ${suffix}: write ${metric.slice(0, -suffix.length)}{…}.`;
    report(reading, node, 'wrong-value', message);
  }
}
