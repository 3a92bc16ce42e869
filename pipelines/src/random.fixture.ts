// For tests and benches.

import { generator as randomFrom } from './rollout/random.ts';

export { randomFrom };

/** Choices that are the same for the same seed. */
export interface Choices {
  /** A whole number from 0 to below `limit`. */
  readonly below: (limit: number) => number;
  /** True this often, such as 0.2. */
  readonly chance: (share: number) => boolean;
  readonly oneOf: <T>(from: readonly [T, ...T[]]) => T;
  /** Some of them, in their order, perhaps none. */
  readonly someOf: <T>(from: readonly T[], share: number) => T[];
}

export function choicesFrom(seed: number): Choices {
  const random = randomFrom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  return {
    below,
    chance: (share) => random() < share,
    oneOf: (from) => from[below(from.length)] ?? from[0],
    someOf: (from, share) => from.filter(() => random() < share),
  };
}
