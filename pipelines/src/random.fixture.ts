// For tests and benches.

/** Numbers from 0 to below 1 that are the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

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
