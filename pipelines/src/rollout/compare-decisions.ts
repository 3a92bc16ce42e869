// Recorded decisions beside replayed ones, and what differs in each.
import { canonicalJson } from '../canonical-json.ts';
import type { Decision } from './rollout-state.ts';

export interface ComparedDecision {
  /** Null: not decided in that story. */
  readonly recorded: Decision | null;
  readonly replayed: Decision | null;
  /** Byte for byte. */
  readonly isSame: boolean;
  /** `verdict.metrics.0.kind: "pass" → "fail"`; empty where they are the same or one is missing. */
  readonly differences: readonly string[];
}

/** Place by place, since a story that has parted once does not come back. */
export function compareDecisions(
  recorded: readonly Decision[],
  replayed: readonly Decision[],
): readonly ComparedDecision[] {
  return Array.from({ length: Math.max(recorded.length, replayed.length) }, (_, index) => {
    const [one, other] = [recorded[index] ?? null, replayed[index] ?? null];
    const isSame = canonicalJson(one) === canonicalJson(other);
    const isBoth = one !== null && other !== null;
    return { recorded: one, replayed: other, isSame, differences: isBoth ? differencesOf(one, other) : [] };
  });
}

/** The places at which two values differ, at most 20, each with both values. */
export function differencesOf(one: unknown, other: unknown, place = ''): readonly string[] {
  if (canonicalJson(one) === canonicalJson(other)) return [];
  const [left, right] = [partsOf(one), partsOf(other)];
  if (left === null || right === null) return [`${place}: ${short(one)} → ${short(other)}`];
  const keys = [...new Set([...left.keys(), ...right.keys()])].toSorted();
  const found = keys.flatMap((key) =>
    differencesOf(left.get(key), right.get(key), place === '' ? key : `${place}.${key}`),
  );
  return found.slice(0, mostDifferences);
}

const mostDifferences = 20;

function partsOf(value: unknown): ReadonlyMap<string, unknown> | null {
  return typeof value === 'object' && value !== null ? new Map(Object.entries(value)) : null;
}

function short(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 117)}…` : text;
}
