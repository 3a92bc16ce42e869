// Five fields as in crontab(5): minute, hour, day of month, month, day of week. A field is `*`, or a list of numbers,
// names (JAN, SUN), ranges and steps: `*/15`, `1-5`, `MON-FRI`, `0,30`, `10-20/5`. Sunday is 0 or 7. Where both days are
// restricted, either may match. `@hourly`, `@daily`, `@weekly`, `@monthly` and `@yearly` stand for what they say.
import { err, ok, type Result } from '../result.ts';

export interface Cron {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly days: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  /** 0 is Sunday. */
  readonly weekdays: ReadonlySet<number>;
  /** Both days are restricted: either may match. */
  readonly isEitherDay: boolean;
  /** Fires in every hour, so also in one that a clock repeats. */
  readonly isHourly: boolean;
}

/** The error says what is wrong with which field, and what to write. */
export function parseCron(text: string): Result<Cron, string> {
  const written = text.trim();
  const fields = (written.startsWith('@') ? (shorthands.get(written) ?? written) : written).split(/\s+/);
  if (written.startsWith('@') && fields.length === 1)
    return err(
      `there is no ${written.slice(0, 20)}: use ${[...shorthands.keys()].join(', ')} or five fields`,
    );
  if (fields.length === 6)
    return err('it has six fields, and there are no seconds here: remove the first one');
  if (fields.length !== 5)
    return err(
      `it has ${fields.length} field${fields.length === 1 ? '' : 's'}, and needs five: minute, hour, day of month, month, day of week, such as 0 3 * * 1-5`,
    );
  const values: (readonly number[])[] = [];
  for (const [index, field] of fields.entries()) {
    const rule = rules[index];
    const read = rule === undefined ? err('') : readField(field, rule);
    if (!read.ok) return read;
    values.push(read.value);
  }
  const [minutes = [], hours = [], days = [], months = [], weekdays = []] = values;
  const [, hour = '', day = '', , weekday = ''] = fields;
  const cron: Cron = {
    minutes,
    hours,
    days: new Set(days),
    months: new Set(months),
    weekdays: new Set(weekdays.map((each) => each % 7)),
    isEitherDay: !day.startsWith('*') && !weekday.startsWith('*'),
    isHourly: hour.startsWith('*'),
  };
  return everComes(cron) ? ok(cron) : err(`no month that it names has a day ${day}: it would never fire`);
}

/** Whether it fires on a day of the calendar; `month` from 1. */
export function matchesDay(cron: Cron, month: number, day: number, weekday: number): boolean {
  if (!cron.months.has(month)) return false;
  const [byDay, byWeekday] = [cron.days.has(day), cron.weekdays.has(weekday)];
  return cron.isEitherDay ? byDay || byWeekday : byDay && byWeekday;
}

const shorthands: ReadonlyMap<string, string> = new Map([
  ['@hourly', '0 * * * *'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@weekly', '0 0 * * 0'],
  ['@monthly', '0 0 1 * *'],
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
]);

interface FieldRule {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  /** The first stands for `least`. */
  readonly words: readonly string[];
}

const rules: readonly FieldRule[] = [
  { name: 'minute', least: 0, most: 59, words: [] },
  { name: 'hour', least: 0, most: 23, words: [] },
  { name: 'day of month', least: 1, most: 31, words: [] },
  {
    name: 'month',
    least: 1,
    most: 12,
    words: ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'],
  },
  {
    name: 'day of week',
    least: 0,
    most: 7,
    words: ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'],
  },
];

/** In order, each once. */
function readField(field: string, rule: FieldRule): Result<readonly number[], string> {
  const values = new Set<number>();
  for (const part of field.split(',')) {
    const range = readPart(part, rule);
    if (!range.ok) return err(`${rule.name}: ${range.error}`);
    const { first, last, step } = range.value;
    for (let value = first; value <= last; value += step) values.add(value);
  }
  return ok([...values].toSorted((a, b) => a - b));
}

interface Part {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

function readPart(part: string, rule: FieldRule): Result<Part, string> {
  const range = `${rule.least} to ${rule.most}`;
  if (/[LW#?]/.test(part) && !rule.words.some((word) => part.toUpperCase().includes(word)))
    return err(`${part.slice(0, 20)} is of other schedulers: use numbers from ${range}, or *`);
  const [, body = '', stepText] = /^([^/]+)(?:\/(\d{1,4}))?$/.exec(part) ?? [];
  const step = stepText === undefined ? 1 : Number(stepText);
  if (body === '' || step === 0)
    return err(`"${part.slice(0, 20)}" cannot be read: use numbers from ${range}, such as */15 or 1-5`);
  if (body === '*') return ok({ first: rule.least, last: rule.most, step });
  const [from = '', to, more] = body.split('-');
  const first = readNumber(from, rule);
  const last = to === undefined ? (stepText === undefined ? first : rule.most) : readNumber(to, rule);
  if (more !== undefined || first === null || last === null)
    return err(`"${part.slice(0, 20)}" cannot be read: use numbers from ${range}, or *`);
  if (first > last) return err(`${part} ends before it begins: write the larger number last, or two ranges`);
  return ok({ first, last, step });
}

function readNumber(text: string, { least, most, words }: FieldRule): number | null {
  const word = words.indexOf(text.toUpperCase());
  if (word !== -1) return least + word;
  const value = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  return value >= least && value <= most ? value : null;
}

const longest = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** A 31st of February would be looked for in vain. */
const everComes = (cron: Cron): boolean =>
  cron.isEitherDay ||
  [...cron.months].some((month) => [...cron.days].some((day) => day <= (longest[month - 1] ?? 0)));
