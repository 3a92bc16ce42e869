import { expect, test } from 'vitest';
import { parsePipeline } from './parse-pipeline.ts';

const read = (reports: string) =>
  parsePipeline(
    `on: push\nstages:\n  unit:\n    steps: [npm test]\n    reports: ${reports}\n`,
    '.sluice.yml',
  );

test.each([
  ['{ junit: reports/*.xml }', { junit: ['reports/*.xml'], coverage: [] }],
  ['{ junit: [a.xml, b/**], coverage: ./lcov.info }', { junit: ['a.xml', 'b/**'], coverage: ['lcov.info'] }],
])('reports %s are patterns, one or several of a kind', (text, rule) => {
  const { definition, diagnostics } = read(text);
  expect(diagnostics).toEqual([]);
  expect(definition?.stages[0]?.work).toMatchObject({ keeps: { reports: rule } });
});

test.each([
  ['{}', /names no report/],
  ['{ junit: ../../etc/passwd }', /junit/],
  ['{ junti: a.xml }', /Did you mean "junit"/],
  ['report.xml', /map/],
])('reports %s are refused with what to write', (text, message) => {
  const { definition, diagnostics } = read(text);
  expect(definition).toBeNull();
  expect(diagnostics.map((each) => each.message).join('\n')).toMatch(message);
});
