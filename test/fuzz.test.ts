import { expect, test } from 'vitest';
import { fuzz } from './fuzz/fuzz.ts';

// `npm run fuzz` does the same with 200,000 inputs, and watches time and memory.
test('no mutated pipeline, expression, event or pipeline of another system is answered by an exception', () => {
  const { findings, kinds } = fuzz({ seed: 20, inputs: 300, isTimed: false });
  expect(findings).toEqual([]);
  expect(Object.values(kinds).every(({ inputs }) => inputs > 5)).toBe(true);
}, 600_000);
