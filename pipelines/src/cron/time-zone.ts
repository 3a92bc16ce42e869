// Clocks of the world, from the time zone data of the platform.
import { didYouMean } from '../language/suggest.ts';

/** What is wrong with the name of a time zone; null: nothing. */
export function timezoneProblem(name: string): string | null {
  const isName = /^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/.test(name) && name.length <= 60;
  if (isName && formatOf(name) !== null) return null;
  return `There is no time zone "${name.slice(0, 60)}".${didYouMean(name, zones())} Use a name such as Asia/Shanghai or UTC.`;
}

/** Milliseconds by which a zone's clock is ahead of UTC at a moment. An unknown zone counts as UTC. */
export function offsetAt(timezone: string, at: number): number {
  const format = formatOf(timezone);
  if (format === null) return 0;
  const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const of = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  const local = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
  return local - Math.floor(at / 1_000) * 1_000;
}

/**
 * The moments at which a zone's clock shows a time (as if it were UTC), in order: one; two where it was put back; where
 * it was put forward over that time, the moment of the leap.
 */
export function momentsOf(timezone: string, local: number): readonly number[] {
  const before = offsetAt(timezone, local - 86_400_000);
  const behind = offsetAt(timezone, local + 86_400_000);
  const moments = [...new Set([local - before, local - behind])].filter(
    (at) => at + offsetAt(timezone, at) === local,
  );
  if (moments.length > 0) return moments.toSorted((a, b) => a - b);
  return [leapBetween(timezone, local - Math.max(before, behind), local - Math.min(before, behind))];
}

/** By halves, to the second. */
function leapBetween(timezone: string, from: number, to: number): number {
  const old = offsetAt(timezone, from);
  let [low, high] = [Math.floor(from / 1_000), Math.ceil(to / 1_000)];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(timezone, middle * 1_000) === old) low = middle;
    else high = middle;
  }
  return high * 1_000;
}

/** A moment as a zone's clock shows it: `2026-11-23 03:00`. */
export function wallClock(timezone: string, at: number): string {
  return new Date(at + offsetAt(timezone, at)).toISOString().slice(0, 16).replace('T', ' ');
}

// A memory of a pure function: making a format is slow.
const formats = new Map<string, Intl.DateTimeFormat | null>();

function formatOf(timezone: string): Intl.DateTimeFormat | null {
  const known = formats.get(timezone);
  if (known !== undefined) return known;
  if (formats.size >= 1_000) formats.clear();
  const made = makeFormat(timezone);
  formats.set(timezone, made);
  return made;
}

function makeFormat(timezone: string): Intl.DateTimeFormat | null {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    return null;
  }
}

const zones = (): readonly string[] => ['UTC', ...Intl.supportedValuesOf('timeZone')];
