import type { ByteMatcher } from './byte-matcher.ts';

/** Half-open. */
export interface Match {
  readonly start: number;
  readonly end: number;
}

/** One matcher at work on the bytes that a stream holds back. */
export interface MatchLane {
  /** Reads `held` from `from` on; the matches, in the order of their ends, reach back over what was read before. */
  readonly read: (held: Uint8Array, from: number) => readonly Match[];
  /** Where in `held`, all of which was read, the longest piece begins that may still grow into a match; else its length. */
  readonly openFrom: (held: Uint8Array) => number;
  readonly reset: () => void;
}

export function exactLane(matcher: ByteMatcher): MatchLane {
  let state = 0;
  return {
    read: (held, from) => {
      const matches: Match[] = [];
      for (let at = from; at < held.length; at += 1) {
        state = matcher.next(state, held[at] ?? 0);
        const length = state === 0 ? 0 : matcher.matched(state);
        if (length > 0) matches.push({ start: at + 1 - length, end: at + 1 });
      }
      return matches;
    },
    openFrom: (held) => held.length - matcher.depth(state),
    reset: () => {
      state = 0;
    },
  };
}

/** More white space in a row than any tool wraps with ends a match: it must not be held back without end. */
const longestGap = 256;

/** Overlooks white space, so that a pattern is found however it was wrapped and indented. */
export function spacedLane(matcher: ByteMatcher): MatchLane {
  let state = 0;
  let gap = 0;
  return {
    read: (held, from) => {
      const matches: Match[] = [];
      for (let at = from; at < held.length; at += 1) {
        const byte = held[at] ?? 0;
        if (isWhiteSpace(byte)) {
          gap += 1;
          if (gap > longestGap) state = 0;
          continue;
        }
        gap = 0;
        state = matcher.next(state, byte);
        const length = state === 0 ? 0 : matcher.matched(state);
        if (length > 0) matches.push({ start: startOf(held, at + 1, length), end: at + 1 });
      }
      return matches;
    },
    openFrom: (held) => startOf(held, held.length, matcher.depth(state)),
    reset: () => {
      state = 0;
      gap = 0;
    },
  };
}

/** Where the last `count` bytes before `end` begin that are not white space. */
function startOf(held: Uint8Array, end: number, count: number): number {
  if (count === 0) return end;
  let at = end;
  for (let left = count; left > 0 && at > 0;) {
    at -= 1;
    if (!isWhiteSpace(held[at] ?? 0)) left -= 1;
  }
  return at;
}

function isWhiteSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}
