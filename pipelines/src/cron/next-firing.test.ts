import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { nextFiring, nextFirings } from './next-firing.ts';
import { parseCron, type Cron } from './parse-cron.ts';
import { offsetAt, timezoneProblem, wallClock } from './time-zone.ts';

const cron = (text: string): Cron => {
  const parsed = parseCron(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};

const firings = (text: string, timezone: string, after: string, count = 3): readonly string[] =>
  nextFirings(cron(text), timezone, Date.parse(after), count).map((at) =>
    new Date(at).toISOString().slice(0, 16),
  );

test.for([
  ['0 3 * * 1-5', 'Asia/Shanghai', ['2026-11-22T19:00', '2026-11-23T19:00', '2026-11-24T19:00']],
  ['*/20 9-10 * * *', 'UTC', ['2026-11-21T09:00', '2026-11-21T09:20', '2026-11-21T09:40']],
  ['30 4 1,15 * FRI', 'UTC', ['2026-11-27T04:30', '2026-12-01T04:30', '2026-12-04T04:30']],
  ['0 0 29 2 *', 'UTC', ['2028-02-29T00:00', '2032-02-29T00:00', '2036-02-29T00:00']],
  ['0 12 * JAN 7', 'UTC', ['2027-01-03T12:00', '2027-01-10T12:00', '2027-01-17T12:00']],
  ['@daily', 'Asia/Kathmandu', ['2026-11-21T18:15', '2026-11-22T18:15', '2026-11-23T18:15']],
] as const)('%s in %s fires when its clock says so', ([text, timezone, expected]) => {
  expect(firings(text, timezone, '2026-11-21T08:00:00Z')).toEqual(expected);
});

describe('where the clock is put forward', () => {
  test('a time that it leaps over fires once, at the moment of the leap', () => {
    expect(firings('30 2 * * *', 'America/New_York', '2026-03-07T12:00:00Z')).toEqual([
      '2026-03-08T07:00',
      '2026-03-09T06:30',
      '2026-03-10T06:30',
    ]);
  });

  test('many such times, and one that fires there anyway, fire once together', () => {
    expect(firings('*/30 1-3 * * *', 'America/New_York', '2026-03-08T06:10:00Z')).toEqual([
      '2026-03-08T06:30',
      '2026-03-08T07:00',
      '2026-03-08T07:30',
    ]);
  });

  test('also where midnight is what is left out', () => {
    expect(firings('0 0 * * *', 'Africa/Cairo', '2026-04-23T12:00:00Z', 2)).toEqual([
      '2026-04-23T22:00',
      '2026-04-24T21:00',
    ]);
  });
});

describe('where the clock is put back', () => {
  test('a time that comes twice fires the first time only', () => {
    expect(firings('30 1 * * *', 'America/New_York', '2026-10-31T12:00:00Z')).toEqual([
      '2026-11-01T05:30',
      '2026-11-02T06:30',
      '2026-11-03T06:30',
    ]);
  });

  test('a schedule of every hour leaves no hole', () => {
    expect(firings('0 * * * *', 'America/New_York', '2026-11-01T04:30:00Z')).toEqual([
      '2026-11-01T05:00',
      '2026-11-01T06:00',
      '2026-11-01T07:00',
    ]);
  });
});

test.for([
  ['0 3 * *', 'it has 4 fields, and needs five'],
  ['0 0 3 * * *', 'there are no seconds here: remove the first one'],
  ['60 3 * * *', 'minute: "60" cannot be read: use numbers from 0 to 59, or *'],
  ['0 3 * * MON-SUN', 'day of week: MON-SUN ends before it begins'],
  ['0 3 L * *', 'day of month: L is of other schedulers'],
  ['0 3 31 2,4 *', 'no month that it names has a day 31: it would never fire'],
  ['*/0 * * * *', 'minute: "*/0" cannot be read'],
  ['@often', 'there is no @often: use @hourly'],
  ['', 'it has 1 field, and needs five'],
] as const)('"%s" is no schedule, and the message says why', ([text, message]) => {
  expect(parseCron(text)).toMatchObject({ ok: false, error: expect.stringContaining(message) });
});

test('a time zone that does not exist is answered by one that does', () => {
  expect(timezoneProblem('Asia/Shanghai')).toBeNull();
  expect(timezoneProblem('UTC')).toBeNull();
  expect(timezoneProblem('Asia/Shangai')).toContain('Did you mean "Asia/Shanghai"?');
  expect(timezoneProblem('+08:00')).toContain('There is no time zone');
});

const zone = fc.constantFrom(
  'UTC',
  'Asia/Shanghai',
  'America/New_York',
  'Europe/Berlin',
  'Australia/Lord_Howe',
  'Africa/Cairo',
);
const field = (least: number, most: number): fc.Arbitrary<string> =>
  fc.oneof(fc.constant('*'), fc.integer({ min: least, max: most }).map(String));

property.prop([
  fc.tuple(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 7)).map((all) => all.join(' ')),
  zone,
  fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2035, 0, 1) }),
])(
  'a firing is after the moment asked about, at a whole minute that matches, and none lies between',
  (text, timezone, after) => {
    const its = cron(text);
    const at = nextFiring(its, timezone, after);
    if (at === null) throw new Error('it never fires');
    expect(at).toBeGreaterThan(after);
    expect(at % 60_000).toBe(0);
    const isQuiet = offsetAt(timezone, at - 86_400_000) === offsetAt(timezone, at + 86_400_000);
    const [, hour = 0, minute = 0] = /(\d\d):(\d\d)$/.exec(wallClock(timezone, at))?.map(Number) ?? [];
    expect(!isQuiet || (its.hours.includes(hour) && its.minutes.includes(minute))).toBe(true);
    const between = Math.floor((after + at) / 2);
    expect(nextFiring(its, timezone, between)).toBe(at);
  },
);

property.prop([fc.string({ maxLength: 60 }), fc.string({ maxLength: 60 })])(
  'no text makes reading it throw',
  (text, name) => {
    expect(typeof parseCron(text).ok).toBe('boolean');
    expect(['string', 'object']).toContain(typeof timezoneProblem(name));
  },
);
