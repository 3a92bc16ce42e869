// Logs whose lines are computed from their number: a log of a million lines takes no memory.
import type { NumberedLine } from '@sluice/pipelines/protocol/api';
import { digest } from './fixture-ids.ts';

export interface FixtureLog {
  lines: number;
  isComplete: boolean;
  readonly isVerified: boolean;
  readonly line: (n: number) => NumberedLine;
}

export function pageOf(log: FixtureLog, from: number, limit: number): readonly NumberedLine[] {
  const lines: NumberedLine[] = [];
  for (let n = from; n < Math.min(from + limit, log.lines); n += 1) lines.push(log.line(n));
  return lines;
}

export const logDigest = (attemptId: string): string => digest(attemptId);

/** `steps` equal parts after three lines of checkout; every line says its own number. */
export function countedLog(
  lines: number,
  options: Partial<FixtureLog> & { readonly steps?: number } = {},
): FixtureLog {
  const perStep = Math.ceil(Math.max(1, lines - 3) / (options.steps ?? 3));
  return {
    lines,
    isComplete: true,
    isVerified: true,
    ...options,
    line: (n) => ({
      n,
      step: n < 3 ? -1 : Math.floor((n - 3) / perStep),
      atMs: n * 3,
      stream: n < 3 ? 's' : 'o',
      text: n < 3 ? `checkout ${n + 1} of 3` : `line ${n + 1} ${colour(n)}`,
    }),
  };
}

function colour(n: number): string {
  if (n % 100 === 99) return '\u001b[33mwarning: cache entry expired\u001b[0m';
  if (n % 7 === 0)
    return `\u001b[32m✓\u001b[0m payments/charge.test.ts \u001b[2m(${(n % 40) + 3} ms)\u001b[0m`;
  return `GET /api/items/${n % 977} 200 ${(n % 40) + 3} ms`;
}

const failed: readonly string[] = [
  '\u001b[1m\u001b[46m RUN \u001b[49m\u001b[22m v4.1.12 /workspace',
  '',
  ' \u001b[32m✓\u001b[39m src/cart/total.test.ts \u001b[2m(14 tests)\u001b[22m \u001b[32m21 ms\u001b[39m',
  ' \u001b[32m✓\u001b[39m src/cart/discount.test.ts \u001b[2m(9 tests)\u001b[22m \u001b[32m12 ms\u001b[39m',
  ' \u001b[32m✓\u001b[39m src/orders/place-order.test.ts \u001b[2m(22 tests)\u001b[22m \u001b[33m418 ms\u001b[39m',
  ' \u001b[31m❯\u001b[39m src/payments/charge.test.ts \u001b[2m(11 tests | \u001b[31m1 failed\u001b[39m\u001b[2m)\u001b[22m',
  '   \u001b[31m×\u001b[39m a charge is retried once after a timeout \u001b[33m1042 ms\u001b[39m',
  '',
  '\u001b[31m⎯⎯⎯⎯⎯⎯⎯\u001b[39m\u001b[1m\u001b[41m Failed Tests 1 \u001b[49m\u001b[22m\u001b[31m⎯⎯⎯⎯⎯⎯⎯\u001b[39m',
  '',
  '\u001b[41m\u001b[1m FAIL \u001b[22m\u001b[49m src/payments/charge.test.ts > a charge is retried once after a timeout',
  '\u001b[31m\u001b[1mAssertionError\u001b[22m: expected 1 to be 2\u001b[39m',
  '',
  '\u001b[32m- Expected\u001b[39m',
  '\u001b[31m+ Received\u001b[39m',
  '',
  '\u001b[32m- 2\u001b[39m',
  '\u001b[31m+ 1\u001b[39m',
  '',
  '\u001b[36m \u001b[2m❯\u001b[22m src/payments/charge.test.ts:\u001b[2m48:31\u001b[22m\u001b[39m',
  '    \u001b[90m 46|\u001b[39m   await charge(order, gateway)',
  '    \u001b[90m 47|\u001b[39m',
  '    \u001b[90m 48|\u001b[39m   expect(gateway.calls).toBe(\u001b[34m2\u001b[39m)',
  '',
  '\u001b[2m Test Files \u001b[22m \u001b[1m\u001b[31m1 failed\u001b[39m\u001b[22m | \u001b[32m47 passed\u001b[39m (48)',
  '\u001b[2m      Tests \u001b[22m \u001b[1m\u001b[31m1 failed\u001b[39m\u001b[22m | \u001b[32m611 passed\u001b[39m (612)',
  '\u001b[2m   Duration \u001b[22m 12.41 s',
  '',
];

/** An install, then a test run that fails, as a terminal shows it. */
export function failedTestLog(): FixtureLog {
  const installed = 120;
  const lines = 4 + installed + failed.length;
  return {
    lines,
    isComplete: true,
    isVerified: true,
    line: (n) => {
      if (n < 3) return { n, step: -1, atMs: n * 40, stream: 's', text: checkout[n] ?? '' };
      if (n < 3 + installed)
        return {
          n,
          step: 0,
          atMs: 200 + n * 20,
          stream: 'o',
          text: `npm http fetch GET 200 https://registry.example.com/package-${n} ${n}ms`,
        };
      const text = failed[n - 3 - installed];
      if (text !== undefined)
        return { n, step: 1, atMs: 4_000 + n * 60, stream: n % 9 === 0 ? 'e' : 'o', text };
      return { n, step: 1, atMs: 20_000, stream: 's', text: 'the command ended with exit code 1' };
    },
  };
}

const checkout = [
  'worker build-2 took the stage',
  'checking out 3f2a91c of acme/shop (main)',
  'pulled node:20-slim in 1.2 s (sha256:9f1c…)',
];
