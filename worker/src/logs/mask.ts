// Masks secrets in a byte stream. A secret may be split across chunks, so the end of a chunk that may be the
// beginning of a secret (and only that) is held back until the next chunk or the end.
import { compileMatcher, type ByteMatcher } from './byte-matcher.ts';
import { exactLane, spacedLane, type Match, type MatchLane } from './match-lane.ts';
import { secretForms, shortestSecret } from './secret-forms.ts';

export const maskText = '***';

/** The secrets of one attempt, compiled once. */
export interface Mask {
  /** A new stream; stdout and stderr each need their own. */
  readonly stream: () => MaskStream;
  /** Masks a whole text, such as a message. */
  readonly redact: (text: string) => string;
  /** Names of the secrets that are too short to be masked. */
  readonly unmasked: readonly string[];
}

export interface MaskStream {
  /** What is safe to show so far; the output does not depend on where chunks end. */
  readonly write: (chunk: Uint8Array) => Buffer;
  /** The rest, and a fresh start. */
  readonly end: () => Buffer;
}

/** `secrets`: name → plain value. */
export function createMask(secrets: Readonly<Record<string, string>>): Mask {
  const forms = Object.values(secrets).map(secretForms);
  const unmasked = Object.entries(secrets).flatMap(([name, value]) =>
    value.length > 0 && value.length < shortestSecret ? [name] : [],
  );
  if (forms.every(({ exact }) => exact.length === 0)) {
    return { stream: openStream, redact: (text) => text, unmasked };
  }
  const exact = compileForms(forms.flatMap((each) => each.exact));
  const spaced = compileForms(forms.flatMap((each) => each.spaced));
  const stream = (): MaskStream => maskStream([exactLane(exact), spacedLane(spaced)]);
  const redact = (text: string): string => {
    const whole = stream();
    return Buffer.concat([whole.write(Buffer.from(text)), whole.end()]).toString();
  };
  return { stream, redact, unmasked };
}

function compileForms(forms: readonly string[]): ByteMatcher {
  return compileMatcher([...new Set(forms)].map((form) => Buffer.from(form)));
}

function openStream(): MaskStream {
  return { write: asBuffer, end: () => Buffer.alloc(0) };
}

/** Half-open, in the coordinates of the held bytes; a `shown` one already has its mask in the output. */
interface SecretRange {
  start: number;
  readonly end: number;
  shown: boolean;
}

function maskStream(lanes: readonly MatchLane[]): MaskStream {
  let held: Buffer = Buffer.alloc(0);
  let ranges: SecretRange[] = [];

  const release = (upTo: number): Buffer => {
    const output = show(held, ranges, upTo);
    held = held.subarray(upTo);
    ranges = ranges
      .filter((range) => range.end > upTo)
      .map((range) => ({
        start: Math.max(0, range.start - upTo),
        end: range.end - upTo,
        shown: range.shown || range.start < upTo,
      }));
    return output;
  };

  return {
    write: (chunk) => {
      const from = held.length;
      held = from === 0 ? asBuffer(chunk) : Buffer.concat([held, chunk]);
      const matches = lanes.flatMap((lane) => lane.read(held, from));
      for (const match of matches.sort((a, b) => a.end - b.end)) addRange(ranges, match);
      return release(Math.min(...lanes.map((lane) => lane.openFrom(held))));
    },
    end: () => {
      for (const lane of lanes) lane.reset();
      return release(held.length);
    },
  };
}

/** Matches arrive by their ends; overlapping ones become one. */
function addRange(ranges: SecretRange[], { start, end }: Match): void {
  let first = start;
  let shown = false;
  for (let last = ranges.at(-1); last !== undefined && last.end > start; last = ranges.at(-1)) {
    first = Math.min(first, last.start);
    shown ||= last.shown;
    ranges.pop();
  }
  ranges.push({ start: first, end, shown });
}

function show(bytes: Buffer, ranges: readonly SecretRange[], upTo: number): Buffer {
  if (ranges.length === 0) return bytes.subarray(0, upTo);
  const parts: Buffer[] = [];
  let at = 0;
  for (const range of ranges) {
    if (range.start >= upTo) break;
    parts.push(bytes.subarray(at, range.start));
    if (!range.shown) parts.push(Buffer.from(maskText));
    at = Math.min(range.end, upTo);
  }
  parts.push(bytes.subarray(at, upTo));
  return Buffer.concat(parts);
}

function asBuffer(chunk: Uint8Array): Buffer {
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}
