import { describe, expect, test } from 'vitest';
import { lnBeta, lnGamma } from './log-beta.ts';

describe('lnGamma', () => {
  test('is the logarithm of the factorials', () => {
    let logFactorial = 0;
    for (let n = 1; n <= 170; n++) {
      expect(Math.abs(lnGamma(n) - logFactorial)).toBeLessThan(1e-12 * Math.max(1, logFactorial));
      logFactorial += Math.log(n);
    }
  });

  test.each([
    [0.5, 0.5 * Math.log(Math.PI)],
    [1.5, 0.5 * Math.log(Math.PI) - Math.log(2)],
    [0.25, 1.2880225246980774],
    [1e-8, 18.420680738180209],
    [1000.5, 5908.674175848678],
  ])('Γ(%d)', (x, expected) => {
    expect(Math.abs(lnGamma(x) - expected) / Math.max(1, Math.abs(expected))).toBeLessThan(1e-12);
  });
});

describe('lnBeta', () => {
  test('B(1, b) = 1 / b over the whole range of counts', () => {
    for (const b of [1e-3, 0.5, 1, 9, 9.5, 10, 99, 9999, 1e6, 1e9, 1e12]) {
      expect(Math.abs(lnBeta(1, b) + Math.log(b))).toBeLessThan(1e-12);
    }
  });

  test('follows B(a + 1, b) = B(a, b) · a / (a + b), also where the terms nearly cancel', () => {
    for (const a of [0.3, 5, 9.7, 12, 500, 1e5, 1e8]) {
      for (const b of [0.4, 7, 15, 2_000, 1e6, 1e9]) {
        const error = lnBeta(a + 1, b) - lnBeta(a, b) - Math.log(a / (a + b));
        expect(Math.abs(error)).toBeLessThan(1e-12 * Math.max(1, Math.abs(lnBeta(a, b))));
      }
    }
  });

  test('does not depend on the order of its arguments', () => {
    expect(lnBeta(3.5, 1e7)).toBe(lnBeta(1e7, 3.5));
  });
});
