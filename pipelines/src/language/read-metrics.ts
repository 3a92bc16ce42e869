import type { MetricSpec } from './definition.ts';
import { field, readFields, requiredField, type Reader } from './fields.ts';
import { readTemplate, type TemplateContext } from './read-templates.ts';
import { readFraction, readRatio } from './read-units.ts';
import { readBoolean, readRecord, variableName } from './read-values.ts';
import { report, type Reading } from './reading.ts';
import type { SourceNode } from './source-node.ts';

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
    known: ['query', 'of', 'worse_than', 'limit', 'dry_run'],
    later: ['histogram', 'over', 'interval', 'count', 'failure_limit', 'initial_delay'],
  });
  const readQuery: Reader<string> = (_, value, label) => readVersionedQuery(reading, value, label, context);
  const worseThan = field(fields, 'worse_than', readRatio, null);
  const limit = field(fields, 'limit', readFraction(0, 1), null);
  if (node.kind === 'map' && !fields.entries.has('worse_than') && !fields.entries.has('limit')) {
    const at = { start: node.start, end: node.start + 1 };
    report(
      reading,
      at,
      'missing-key',
      `${name} has nothing to be judged by. Add worse_than: 1.5x, limit: 1%, or both.`,
    );
  }
  return {
    query: requiredField(fields, 'query', readQuery, 'query, the PromQL counter of bad events', ''),
    of: requiredField(fields, 'of', readQuery, 'of, the PromQL counter of all events', ''),
    worseThan,
    limit,
    dryRun: field(fields, 'dry_run', readBoolean, false),
  };
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
