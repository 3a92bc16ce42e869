// When a schedule fires, in its own time zone. Where the clock is put forward, a time that it leaps over counts as the
// moment of the leap. Where the clock is put back, a time that comes twice fires the first time only, but a schedule
// of every hour (`*` as its hour) also fires in the repeated one. No moment fires twice.
import type { Cron } from './parse-cron.ts';
import { matchesDay } from './parse-cron.ts';
import { momentsOf, offsetAt } from './time-zone.ts';

const dayMs = 86_400_000;
/** The 29th of February can be eight years away. */
const farthestDays = 366 * 9;

/** The first moment after `after` (milliseconds since the epoch); null: there is none in nine years. */
export function nextFiring(cron: Cron, timezone: string, after: number): number | null {
  const today = Math.floor((after + offsetAt(timezone, after)) / dayMs);
  let found: number | null = null;
  for (let day = today - 1; day <= today + farthestDays; day += 1) {
    const first = firstOfDay(cron, timezone, day, after);
    if (first !== null && (found === null || first < found)) found = first;
    // A repeated hour can bring the next day's first moment before this one's last: one more day is looked at.
    else if (found !== null) return found;
  }
  return found;
}

/** The next moments, in order. */
export function nextFirings(cron: Cron, timezone: string, after: number, count: number): readonly number[] {
  const moments: number[] = [];
  for (let at = nextFiring(cron, timezone, after); at !== null; at = nextFiring(cron, timezone, at)) {
    moments.push(at);
    if (moments.length >= count) break;
  }
  return moments;
}

/** `day`: days since the epoch by the zone's own calendar. */
function firstOfDay(cron: Cron, timezone: string, day: number, after: number): number | null {
  const date = new Date(day * dayMs);
  if (!matchesDay(cron, date.getUTCMonth() + 1, date.getUTCDate(), date.getUTCDay())) return null;
  const [begin, end] = [offsetAt(timezone, (day - 1) * dayMs), offsetAt(timezone, (day + 2) * dayMs)];
  let first: number | null = null;
  for (const hour of cron.hours) {
    for (const minute of cron.minutes) {
      const local = day * dayMs + hour * 3_600_000 + minute * 60_000;
      const moments = begin === end ? [local - begin] : momentsOf(timezone, local);
      for (const at of cron.isHourly ? moments : moments.slice(0, 1))
        if (at > after && (first === null || at < first)) first = at;
      // Without a change of the clock, what follows is later.
      if (first !== null && begin === end) return first;
    }
  }
  return first;
}
