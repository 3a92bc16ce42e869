import type { ReportRule } from './definition.ts';
import { field, readFields, type Reader } from './fields.ts';
import { reportKeys } from './keys/keeps-keys.ts';
import { namesOf } from './keys/key.ts';
import { readGlob } from './read-glob.ts';
import { readList } from './read-values.ts';
import { report } from './reading.ts';

/** Where test tools leave what they found: a pattern or a list of them for each kind. */
export const readReports: Reader<ReportRule | null> = (reading, node, name) => {
  const fields = readFields(reading, node, name, { known: namesOf(reportKeys) });
  const readPatterns: Reader<readonly string[]> = (_, value, label) =>
    value.kind === 'list' ? readList(readGlob)(reading, value, label) : [readGlob(reading, value, label)];
  const rule = {
    junit: field(fields, 'junit', readPatterns, []),
    coverage: field(fields, 'coverage', readPatterns, []),
  };
  if (rule.junit.length > 0 || rule.coverage.length > 0) return rule;
  if (node.kind === 'map')
    report(
      reading,
      node,
      'empty-value',
      `${name} names no report. Write junit: reports/*.xml or coverage: lcov.info.`,
    );
  return null;
};
