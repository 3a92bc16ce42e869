import { describe, expect, test } from 'vitest';
import { conditionProblem, outcomeOf } from './measurement-condition.ts';
import published from './vectors/argo-rollouts-evaluate.json' with { type: 'json' };

const outcomes = {
  Successful: 'successful',
  Failed: 'failed',
  Inconclusive: 'inconclusive',
  Error: 'error',
} as const;
type Expected = keyof typeof outcomes;

/** Argo's conditions are expr-lang; here they are CEL. */
const celOf = (text: string): string | null =>
  text === ''
    ? null
    : text
        .replace('len(result)', 'size(result)')
        .replace(/all\(result, # ([<>] \d+)\)/, 'result.all(x, x $1)');

function resultOf(result: unknown): number | boolean | number[] | null {
  if (result === 'NaN') return Number.NaN;
  if (result === '+Inf') return Infinity;
  if (Array.isArray(result)) return result.map(Number);
  return typeof result === 'number' || typeof result === 'boolean' ? result : null;
}

describe("Argo's conditions", () => {
  // That test is about an answer that is no metric at all, which never gets as far as a condition here.
  const cases = published.cases.filter(({ test: name }) => name !== 'TestProcessInvalidResponse');

  test.each(cases)('$test', ({ successCondition, failureCondition, result, expect: expected }) => {
    const conditions = { success: celOf(successCondition), failure: celOf(failureCondition) };
    expect(outcomeOf(resultOf(result), conditions)).toBe(outcomes[expected as Expected]);
  });
});

test.each([
  ['', 'empty'],
  ['result >', 'cannot be read'],
  ['latency > 1', 'has no answer'],
  ['result + 1.0', 'neither true nor false'],
  ['[1, 2].all(x, x > result)', 'may not contain "["'],
  ['result > "a"', 'may not contain'],
  [`result > ${'1'.repeat(200)}`, 'longer than 200'],
])('%s is no condition', (text, problem) => {
  expect(conditionProblem(text)).toContain(problem);
});

test.each([
  'result >= 0.95',
  'result > 1.0 && result < 3',
  '!(result == 2.0)',
  'isInf(result) || result < 1',
])('%s is one', (text) => {
  expect(conditionProblem(text)).toBeNull();
});
