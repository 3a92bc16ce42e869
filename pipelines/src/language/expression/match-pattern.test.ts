import { expect, test } from 'vitest';
import { compileExpression } from './compile-expression.ts';
import { matchPattern, patternSize } from './match-pattern.ts';

test('repetitions that are counted make a pattern as large as if it were written out', () => {
  expect(patternSize('abc')).toBe(3);
  expect(patternSize('a{1000}')).toBe(1_000);
  expect(patternSize('(ab){50}')).toBeGreaterThanOrEqual(100);
  expect(patternSize('((a{10}){10}){10}')).toBeGreaterThanOrEqual(1_000);
  expect(patternSize('\\pL{100}')).toBe(2_000);
});

test('patterns that are usual match texts that are usual, also long ones', () => {
  expect(matchPattern('release/1.2', '^(main|release/.*)$')).toBe(true);
  expect(matchPattern(`fix: ${'x'.repeat(50_000)}`, '^fix(\\(.*\\))?: ')).toBe(true);
});

test('a pattern that would keep the processor for minutes is an error value in no time', () => {
  const pattern = `[ab]*a${'[ab]{1000}'.repeat(90)}c`;
  expect(compileExpression(`branch.matches('${pattern}')`).ok).toBe(false);
  const compiled = compileExpression('commit.message.matches(inputs.pattern)');
  if (!compiled.ok) throw new Error(compiled.error[0]?.message);
  const values = { commit: { message: `c${'ab'.repeat(50_000)}` }, inputs: { pattern } };
  const status = { success: true, failure: false, cancelled: false };
  expect(compiled.value.evaluate(values, status)).toEqual({
    ok: false,
    error: expect.stringContaining('the regular expression is too large for a text of 100001 characters'),
  });
});
